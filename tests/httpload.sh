#!/bin/sh
# The load generator: httpload.sh httpload toolclient httpd
set -u
prog=$(realpath "${1:?usage: httpload.sh httpload toolclient httpd}")
client=$(realpath "${2:?usage: httpload.sh httpload toolclient httpd}")
server=$(realpath "${3:?usage: httpload.sh httpload toolclient httpd}")
. "$(dirname "$0")/toolslib.sh"
load="$wrapper $prog"
client="$wrapper $client"
cd "$tmp" || exit 1

# run arg ...: into out, err and $status
run() {
	timeout 120 $load "$@" >out.load 2>err.load </dev/null
	status=$?
}
# says name status text arg ...
says() {
	name=$1
	want=$2
	text=$3
	shift 3
	run "$@"
	if [ $status = $want ] && cat out.load err.load | grep -q -- "$text"; then
		ok "$name"
	else
		echo "status $status" >>err.load
		fail "$name" out.load err.load
	fi
}
# also name text: the last run says that, too
also() {
	grep -q -- "$2" out.load && ok "$1" || fail "$1" out.load err.load
}
says 'no URL' 1 'usage: httpload'
says 'no connections' 1 'usage: httpload' -c 0 http://x/
says 'fewer connections than procs' 1 'usage: httpload' -c 1 -p 2 http://x/
says 'both limits' 1 'usage: httpload' -d 1 -n 1 http://x/
says 'more connections than descriptors' 1 '1000000000 connections: no more than .* descriptors' -c 1000000000 http://x/
says 'a field without a colon' 1 'field: no field' -n 1 -H field http://x/
says 'another scheme' 1 'https://x/: not http://' https://x/
says 'no host' 1 'no host' http:///x
port=$($client port)
says 'nobody there' 1 'failed: 3, at last: dial .*Connection refused' -n 3 -c 1 http://127.0.0.1:$port/

mkdir root
echo hello >root/index.html
head -c 1000000 /dev/urandom >root/large
serve serving $wrapper $server -a tcp!127.0.0.1!@ root || total
url=http://127.0.0.1:$port
says 'a thousand requests' 0 '^1000 requests in' -n 1000 -c 20 $url/
also 'their status' '^status 2xx: 1000$'
also 'percentiles' '^latency, ms: least .* 50% .* 90% .* 99% .* 99.9% .* most '
says 'several procs' 0 '^1001 requests in' -n 1001 -c 20 -p 3 $url/
says 'large answers' 0 '^50 requests in' -n 50 $url/large
says 'heads' 0 '^status 2xx: 100$' -I -n 100 $url/large
says 'not found' 0 '^status 4xx: 10$' -n 10 $url/nothing
says 'a field' 0 '^status 3xx: 10$' -n 10 -H "If-None-Match: *" $url/
says 'for a time, with progress' 0 '^ *1 s .*requests/s' -d 2 $url/
grep -q '^status 2xx' out.load && ok 'and a sum' || fail 'and a sum' out.load
run -q -d 1 $url
[ ! -s err.load ] && ok '-q' || fail '-q' err.load
# every request is seen by the server
stops 'the server ends' TERM
serve serving $wrapper $server -v -a tcp!127.0.0.1!@ root || total
says 'requests' 0 '^500 requests' -n 500 http://127.0.0.1:$port/
stops 'the server ends' TERM
[ "$(wc -l <out)" = 500 ] && ok 'are made' || fail "are made: $(wc -l <out)"

# answers of other servers, one a call; a request is read before its answer, for
# socat drops what it holds of an answer when it cannot pass the request on
if has socat; then
	# answers name text status pattern
	answers() {
		printf "$2" >answer
		printf '#!/bin/sh\nsed "/^.\\{0,1\\}$/q" >/dev/null\nexec cat %s/answer\n' "$tmp" >answer.sh
		chmod +x answer.sh
		serve listening socat -dd TCP-LISTEN:@,bind=127.0.0.1,reuseaddr,fork EXEC:$tmp/answer.sh
		says "$1" $3 "$4" -n 4 -c 2 http://127.0.0.1:$port/
		kill $pid
		wait $pid 2>/dev/null
		started=
	}
	answers 'chunks' 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\nT: x\r\n\r\n' 0 '^status 2xx: 4'
	answers 'until the end' 'HTTP/1.0 200 OK\r\n\r\nall' 0 '^status 2xx: 4'
	answers '100 first' 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No\r\nConnection: close\r\n\r\n' 0 '^status 2xx: 4'
	answers 'cut off' 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc' 1 'failed: 4, at last: server hung up'
	answers 'not HTTP' 'SSH-2.0-x\r\n' 1 'failed: 4, at last: no HTTP: SSH-2.0-x'
	answers 'silence' '' 1 'failed: 4, at last: server hung up'
else
	skip 'other servers: no socat'
fi
total
