#!/bin/sh
# The proxy: tcpproxy.sh tcpproxy toolclient
set -u
prog=$(realpath "${1:?usage: tcpproxy.sh tcpproxy toolclient}")
client=$(realpath "${2:?usage: tcpproxy.sh tcpproxy toolclient}")
. "$(dirname "$0")/toolslib.sh"
proxy="$wrapper $prog"
client="$wrapper $client"
has socat || {
	echo 'tcpproxy.sh: no socat'
	exit 77
}
cd "$tmp" || exit 1

refuses() {
	text=$1
	shift
	timeout 60 $proxy "$@" >out 2>err </dev/null
	status=$?
	if [ $status = 1 ] && grep -Fq -- "$text" err; then
		ok "refuses $*"
	else
		echo "status $status" >>err
		fail "refuses $*" out err
	fi
}
refuses 'usage: tcpproxy'
refuses 'usage: tcpproxy' tcp!127.0.0.1!1
refuses 'usage: tcpproxy' -i 0 a b
refuses 'usage: tcpproxy' -x a b
refuses 'nowhere to go' tcp!127.0.0.1!0 ,
refuses 'bad dial string' nonsense tcp!127.0.0.1!1

# behind what: a server that is what socat says; its port in $back.  -t: it is not cut off for being slow
# after one direction has ended
behind() {
	serve listening socat -dd -t 60 TCP-LISTEN:@,bind=127.0.0.1,reuseaddr,fork,backlog=200 $1
	back=$port
	backpid=$pid
	mv err err.$back
}

# what comes back is what was sent, and the end of it is told: half-close
behind EXEC:cat
cat1=$back
serve serving $proxy -v tcp!127.0.0.1!@ tcp!127.0.0.1!1,tcp!127.0.0.1!$cat1 unix!$tmp/sock tcp!127.0.0.1!$cat1 || total
until_ test -S sock
head -c 3000000 /dev/urandom >big
# through name command ...: big comes back
through() {
	name=$1
	shift
	timeout 120 "$@" <big >got 2>log
	cmp big got >>log 2>&1 && ok "$name" || fail "$name" log
}
through '3 MB there and back' $client half $port
through 'by a unix socket' socat -t 60 - UNIX-CONNECT:sock
grep -Fq 'dial tcp!127.0.0.1!1: Connection refused' err && ok 'a place that does not answer is told' ||
	fail 'a place that does not answer is told' err
if has nc && nc -h 2>&1 | grep -q -- -N; then
	through 'nc' nc -N 127.0.0.1 $port
else
	skip 'nc'
fi
i=0
pids=
while [ $i -lt 50 ]; do
	timeout 120 $client half $port <big >got.$i &
	pids="$pids $!"
	i=$((i+1))
done
wait $pids
i=0
while [ $i -lt 50 ]; do
	cmp got.$i big
	i=$((i+1))
done >log 2>&1
okempty 'fifty at once' log
rm -f got.*
# the counters, of each
counted() {
	kill -USR1 $pid
	poke
	grep -q "sock: 0 open, 1 calls, 0 failed, 3000000 bytes up, 3000000 down" out
}
until_ counted && ok 'counters on SIGUSR1' || fail 'counters on SIGUSR1' out
# a client that resets takes its server connection with it
expect 'resets' timeout 60 $client reset 50 $port /
none() {
	kill -USR1 $pid
	poke
	sleep 0.1
	tail -n 2 out | grep -q '^tcp.*: 0 open'
}
until_ none && ok 'nothing stays open' || fail 'nothing stays open' out
through 'after them' $client half $port
rm got
# one that runs at the end is finished
( head -c 1000000 big; until_ grep -q ready go; tail -c +1000001 big ) | timeout 60 $client half $port >got &
slow=$!
started="$started $slow"
until_ test -s got
kill -TERM $pid
refused() {
	! $client half $port </dev/null
}
until_ refused && ok 'no calls are taken any more' || fail 'no calls are taken any more' err
echo ready >go
wait $slow
expect 'what runs is finished' cmp big got
until_ ended $pid
wait $pid
[ $? = 0 ] && grep -q '^tcp.*: 0 open' out && ok 'SIGTERM' || fail 'SIGTERM' out err
for p in $started; do
	kill -9 "$p" 2>/dev/null
done
started=

# a server that is silent
printf '#!/bin/sh\nexec sleep 50\n' >silent
chmod +x silent
behind EXEC:$tmp/silent
serve serving $proxy -i 1 tcp!127.0.0.1!@ tcp!127.0.0.1!$back || total
timeout 60 $client say $port </dev/null >got
[ $? = 0 ] && ok '-i: a silent connection is closed' || fail '-i: a silent connection is closed' err
stops '-i: SIGINT' INT
kill -9 $backpid 2>/dev/null

# TLS goes through
if has openssl; then
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout key.pem -out cert.pem -days 2 -subj /CN=localhost >log 2>&1
	serve ACCEPT openssl s_server -accept 127.0.0.1:@ -key key.pem -cert cert.pem -rev
	tls=$port
	serve serving $proxy tcp!127.0.0.1!@ tcp!127.0.0.1!$tls || total
	( echo hello; until_ grep -q olleh got ) | timeout 60 openssl s_client -connect 127.0.0.1:$port -CAfile cert.pem >got 2>log
	grep -Fqx olleh got && grep -q 'Verify return code: 0' got && ok 'openssl s_client' || fail 'openssl s_client' got log
	stops 'TLS: SIGTERM' TERM
else
	skip 'openssl'
fi
total
