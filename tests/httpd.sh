#!/bin/sh
# The file server: httpd.sh httpd toolclient
set -u
prog=$(realpath "${1:?usage: httpd.sh httpd toolclient}")
client=$(realpath "${2:?usage: httpd.sh httpd toolclient}")
. "$(dirname "$0")/toolslib.sh"
httpd="$wrapper $prog"
client="$wrapper $client"
has curl || {
	echo 'httpd.sh: no curl'
	exit 77
}
cd "$tmp" || exit 1

# usage and what cannot be served
refuses() {
	text=$1
	shift
	timeout 60 $httpd "$@" >out 2>err </dev/null
	status=$?
	if [ $status = 1 ] && grep -Fq -- "$text" err; then
		ok "refuses $*"
	else
		echo "status $status" >>err
		fail "refuses $*" out err
	fi
}
mkdir root root/sub root/empty root/secret
refuses 'usage: httpd'
refuses 'usage: httpd' -x root
refuses 'usage: httpd' -p 0 root
refuses 'usage: httpd' -t 0 root
refuses 'nowhere: No such file or directory' nowhere
refuses 'bad dial string' -a nonsense root

# what there is
echo '<p>hello</p>' >root/index.html
echo sub >root/sub/index.html
head -c 10000 /dev/urandom >root/small.bin
head -c 60000 /dev/urandom >root/medium.png
head -c 5000000 /dev/urandom >root/large
: >root/none.txt
echo blank >'root/a b.txt'
echo outside >outside
printf secret >root/secret/x
chmod 0 root/secret
mkfifo root/fifo

serve serving $httpd -v -p 2 -a tcp!127.0.0.1!@ root || total
url=http://127.0.0.1:$port
get() {
	timeout 60 curl -sS --path-as-is "$@"
}
# gives name file arg ...: curl writes what is in the file
gives() {
	name=$1
	file=$2
	shift 2
	get "$@" >got 2>log
	cmp "$file" got >>log 2>&1 && ok "$name" || fail "$name" log
}
# status name status arg ...: that is the status; the head is in head
status() {
	name=$1
	want=$2
	shift 2
	got=$(get -D head -o body -w '%{http_code}' "$@" 2>log)
	[ "$got" = "$want" ] && ok "$name" || fail "$name: $got" head log
}
# field name text: the last head has it
field() {
	tr -d '\r' <head | grep -Fqix -- "$2" && ok "$1" || fail "$1" head
}

for f in small.bin medium.png large none.txt; do
	gives "$f" root/$f $url/$f
	gives "$f again" root/$f $url/$f
done
gives 'the index' root/index.html $url/
gives "a folder's index" root/sub/index.html $url/sub/
gives 'a blank in a name' 'root/a b.txt' $url/a%20b.txt
gives 'a query' root/small.bin "$url/small.bin?x=/../y"
status 'a folder without its slash' 301 $url/sub
field 'leads to it' 'Location: /sub/'
gives 'which curl follows' root/sub/index.html -L $url/sub
status 'no index' 404 $url/empty/
status 'not there' 404 $url/nothing
status 'below a file' 404 $url/small.bin/x
status 'a file with a slash' 404 $url/small.bin/
status 'a fifo' 403 $url/fifo
[ "$(id -u)" = 0 ] || status 'a folder that is closed' 403 $url/secret/x
status 'a long name' 404 $url/$(head -c 300 /dev/zero | tr '\0' a)
status 'a path that is too long' 414 $url/$(head -c 3000 /dev/zero | tr '\0' a)
status 'a target that is too long' 414 "$url/?$(head -c 9000 /dev/zero | tr '\0' a)"
status 'fields that are too long' 431 -H "X: $(head -c 9000 /dev/zero | tr '\0' a)" $url/
status 'up and out' 403 $url/../outside
status 'the same, hidden' 403 $url/%2e%2e/outside
status 'up in the middle' 403 $url/sub/../index.html
status 'a NUL' 400 $url/a%00b
status 'another method' 405 -X DELETE $url/
field 'those that there are' 'Allow: GET, HEAD'
status 'a body' 405 -d some=thing $url/
head -c 60000 /dev/zero >body1
head -c 70000 /dev/zero >body2
status 'a body of some length' 405 --data-binary @body1 $url/
status 'a body that is too large' 413 --data-binary @body2 $url/
status 'one in chunks' 501 -H 'Transfer-Encoding: chunked' --data-binary @body1 $url/
# the server goes on
gives 'after all that' root/index.html $url/

# HEAD
for f in small.bin large none.txt; do
	timeout 60 curl -sSI $url/$f >head 2>log
	field "HEAD $f" "Content-Length: $(wc -c <root/$f)"
done
status 'HEAD of what is not there' 404 -I $url/nothing
status 'types' 200 $url/medium.png
field 'a picture' 'Content-Type: image/png'
status 'types' 200 $url/
field 'a page' 'Content-Type: text/html; charset=utf-8'

# ranges
for f in small.bin medium.png large; do
	for r in 0-0 0-99 500-8999 9000- -100; do
		case $r in
		-*)	tail -c ${r#-} root/$f;;
		*-)	tail -c +$((${r%-} + 1)) root/$f;;
		*)	tail -c +$((${r%-*} + 1)) root/$f | head -c $((${r#*-} - ${r%-*} + 1));;
		esac >want
		gives "$f: bytes $r" want -r $r $url/$f
	done
done
status 'a range' 206 -r 1000-1999 $url/small.bin
field 'says which' 'Content-Range: bytes 1000-1999/10000'
status 'a range beyond' 416 -r 10000- $url/small.bin
field 'says how many there are' 'Content-Range: bytes */10000'
status 'several ranges: all' 200 -r 0-1,5-6 $url/small.bin
# as curl goes on with a part
head -c 1234567 root/large >part
expect 'curl goes on' timeout 60 curl -sS -C - -o part $url/large
expect 'and has it' cmp part root/large

# conditions
status 'a tag' 200 $url/small.bin
tag=$(tr -d '\r' <head | sed -n 's/^ETag: //p')
mod=$(tr -d '\r' <head | sed -n 's/^Last-Modified: //p')
status 'If-None-Match' 304 -H "If-None-Match: \"x\", W/$tag" $url/small.bin
status 'another tag' 200 -H 'If-None-Match: "x"' $url/small.bin
status 'If-Modified-Since' 304 -H "If-Modified-Since: $mod" $url/small.bin
status 'If-Range' 206 -H "If-Range: $tag" -r 0-1 $url/small.bin
status 'If-Range of another' 200 -H 'If-Range: "x"' -r 0-1 $url/small.bin
# a file that changes is seen, in a second or two
echo changed >root/a\ b.txt
changed() {
	get $url/a%20b.txt | cmp - root/a\ b.txt
}
until_ changed && ok 'a file that changes' || fail 'a file that changes'
rm root/a\ b.txt
gone() {
	[ "$(get -o body -w '%{http_code}' $url/a%20b.txt)" = 404 ]
}
until_ gone && ok 'a file that goes' || fail 'a file that goes'

# several on one connection
get $url/small.bin $url/medium.png -o one -o two -w '%{num_connects}\n' >got 2>log
[ "$(tr -d '\n' <got)" = 10 ] && cmp one root/small.bin && cmp two root/medium.png &&
	ok 'one connection for two' || fail 'one connection for two' got log
# raw name text: what comes for it is in got
raw() {
	printf "$2" | timeout 60 $client say $port | tr -d '\r' >got 2>log
}
# says name line text
says() {
	raw "$1" "$3"
	grep -aFqx -- "$2" got && ok "$1" || fail "$1" got log
}
raw 'three at once' 'GET /none.txt HTTP/1.1\r\nHost: x\r\n\r\nHEAD / HTTP/1.1\r\nHost: x\r\n\r\nGET /sub/ HTTP/1.0\r\n\r\n'
[ "$(grep -ac '^HTTP/1.1 200 OK$' got)" = 3 ] && [ "$(tail -n 1 got)" = sub ] && ok 'three at once' || fail 'three at once' got
says 'HTTP/1.0 ends' 'Connection: close' 'GET / HTTP/1.0\r\n\r\n'
says 'or stays' 'Connection: keep-alive' 'GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET / HTTP/1.0\r\n\r\n'
says 'a body, and another request behind it' 'HTTP/1.1 200 OK' \
	'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhelloGET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'
says 'leave to send' 'HTTP/1.1 100 Continue' \
	'POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello'
says 'no Host' 'HTTP/1.1 400 Bad Request' 'GET / HTTP/1.1\r\n\r\n'
says 'nonsense' 'HTTP/1.1 400 Bad Request' '\026\003\001\002\000\001\n\n'
says 'a length that is none' 'HTTP/1.1 400 Bad Request' 'GET / HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n'
says 'two lengths' 'HTTP/1.1 400 Bad Request' 'GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n'
says 'a later version' 'HTTP/1.1 505 HTTP Version Not Supported' 'GET / HTTP/3.0\r\n\r\n'
# at random, from a number that is told
seed=${L9SEED:-$(date +%s)}
echo "L9SEED=$seed"
i=0
while [ $i -lt 20 ]; do
	awk -v s=$((seed + i)) 'BEGIN {
		srand(s)
		split("GET |/|HTTP/1.1|\r\n|Host: x|\r\n\r\n|..|%|Range: bytes=0-|:|Content-Length: 3|\001|\377| ", w, "|")
		for(i = 0; i < 30; i++)
			printf "%s", w[int(rand()*14) + 1]
		printf "\r\n\r\n"
	}' | timeout 60 $client half $port >>got.random
	i=$((i+1))
done
gives 'after nonsense' root/index.html $url/

# clients that go
expect 'resets' timeout 60 $client reset 200 $port /large
expect 'and of small files' timeout 60 $client reset 200 $port /
got=$(timeout 60 $client stall $port /large)
[ "${got:-0}" -gt 5000000 ] && ok 'a client that waits gets all of it' || fail "a client that waits gets all of it: $got"
gives 'after them' root/large $url/large

# forget file: where the system does that, no more of it is in memory
forget() {
	sync "$1"
	dd if="$1" iflag=nocache count=0 2>/dev/null || skip 'a file that is not in memory'
}
forget root/large
gives 'a large one that is not in memory' root/large $url/large
head -c 4321000 root/large | tail -c 1000 >want
forget root/large
gives 'a part of it' want -r 4320000-4320999 $url/large
gives 'the rest, where only that is in memory' root/large $url/large
# the end comes before all is sent: far more than what may be on its way
truncate -s 200M root/huge
rm -f slow
curl -sS --limit-rate 20M -o slow $url/huge 2>log &
slow=$!
started="$started $slow"
until_ test -s slow
truncate -s 1000 root/huge
wait $slow
[ $? = 18 ] && ok 'a file that becomes shorter ends the connection' || fail 'a file that becomes shorter ends the connection' log
gives 'after that' root/large $url/large

# many at once
if has wrk; then
	timeout 60 wrk -t 1 -c 50 -d 2 $url/small.bin >log 2>&1
	grep -q 'requests in' log && ! grep -q 'Non-2xx\|Socket errors' log && ok 'wrk' || fail 'wrk' log
else
	skip 'wrk'
fi
i=0
pids=
while [ $i -lt 20 ]; do
	get -o par.$i $url/large &
	pids="$pids $!"
	i=$((i+1))
done
wait $pids
i=0
while [ $i -lt 20 ]; do
	cmp par.$i root/large
	i=$((i+1))
done >log 2>&1
okempty 'twenty large ones at once' log
rm -f par.*
grep -Fqx 'GET /small.bin 206 1000' out && ok 'a log' || fail 'a log' out
grep -Fqx 'HEAD /small.bin 200 0' out && ok 'of HEAD, too' || fail 'of HEAD, too' out

# the end: what runs is finished, who waits is let go
rm -f slow
get --limit-rate 2M -o slow $url/large &
slow=$!
started="$started $slow"
until_ test -s slow
stops 'SIGTERM' TERM
wait $slow
expect 'what ran was finished' cmp slow root/large
get $url/ >log 2>&1 && fail 'nobody is served now' || ok 'nobody is served now'

# clients that are slow: many of them, and others are served meanwhile
n=1000
[ "$(ulimit -n)" -gt 2500 ] || n=200
[ -z "$wrapper" ] || n=50
serve serving $httpd -t 3 -a tcp!127.0.0.1!@ root || total
url=http://127.0.0.1:$port
timeout 60 $client loris $n $port >loris &
loris=$!
started="$started $loris"
until_ grep -q calls loris
gives "beside $n slow ones" root/small.bin $url/small.bin
wait $loris
grep -Fqx "$n told" loris && ok 'all of them are told' || fail 'all of them are told' loris
gives 'after them' root/small.bin $url/small.bin
# one that begins to take a large file, and then takes nothing
truncate -s 200M root/huge
rm -f slow
curl -sS --limit-rate 20M -o slow $url/huge 2>log &
slow=$!
started="$started $slow"
until_ test -s slow
kill -STOP $slow
given_up() {
	! ls -l /proc/$pid/fd | grep -q /huge
}
until_ given_up && ok 'a client that takes nothing is given up' || fail 'a client that takes nothing is given up'
kill -CONT $slow
wait $slow
[ $? = 18 ] && ok 'it sees that' || fail 'it sees that' log
stops 'SIGINT' INT

# more callers than descriptors: they wait their turn
few() {
	ulimit -n 40
	exec $httpd -t 1 -a tcp!127.0.0.1!$1 root
}
serve serving few @ || total
url=http://127.0.0.1:$port
timeout 60 $client loris 60 $port >loris
grep -Fqx '60 calls' loris && grep -q ' told' loris && ok 'more callers than descriptors' ||
	fail 'more callers than descriptors' loris
# glibc's words, and musl's
grep -Eq 'listen: (Too many open files|No file descriptors available)' err && ok 'it says so' || fail 'it says so' err
gives 'after them' root/small.bin $url/small.bin
stops 'SIGTERM' TERM
total
