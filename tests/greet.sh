#!/bin/sh
# The greet example with real clients: greet.sh greet call
#
# call is tests/call.c.  MESON_EXE_WRAPPER, if set, is what to run foreign
# programs with.
set -u
export LC_ALL=C

wrapper=${MESON_EXE_WRAPPER:-}
greet="$wrapper ${1:?usage: greet.sh greet call}"
call="$wrapper ${2:?usage: greet.sh greet call}"

tmp=$(mktemp -d) || exit 1
pid=
# only what this script started, by its number
trap '[ -z "$pid" ] || kill "$pid" 2>/dev/null; rm -rf "$tmp"' EXIT
trap 'exit 1' HUP INT TERM

npass=0
nfail=0
ok() {
	npass=$((npass+1))
	echo "ok $1"
}
fail() {
	nfail=$((nfail+1))
	echo "FAIL $1"
	shift
	for f; do
		sed 's/^/	/' "$f"
	done
}

# start seconds address: greet in the background, until it listens.  1: it ended
start() {
	# else what the last one said may still be there
	: >"$tmp/out"
	timeout 60 $greet -t "$1" "$2" >"$tmp/out" 2>"$tmp/err" </dev/null &
	pid=$!
	n=0
	while ! grep -q '^listening at' "$tmp/out"; do
		if ! kill -0 "$pid" 2>/dev/null; then
			wait "$pid"
			status=$?
			pid=
			return 1
		fi
		n=$((n+1))
		if [ $n -gt 300 ]; then
			fail 'greet listens' "$tmp/out" "$tmp/err"
			return 1
		fi
		sleep 0.1
	done
}

# until greet has ended by itself
end() {
	wait "$pid"
	status=$?
	pid=
}

# the ticks: one every two seconds, numbered, as far as they go
ticks() {
	awk '/^tick / {
		n++
		if($0 != "tick " n ": " 2*n " s")
			print "bad tick: " $0
	}' "$tmp/out"
}

# check name nclient address: what greet printed, and its status
check() {
	{
		echo "listening at $3"
		i=0
		while [ $i -lt "$2" ]; do
			echo 'greeted a client'
			i=$((i+1))
		done
		echo 'time is up'
		echo 'listen: interrupted'
	} >"$tmp/want"
	grep -v '^tick ' "$tmp/out" >"$tmp/got"
	{
		diff "$tmp/want" "$tmp/got"
		ticks
		cat "$tmp/err"
		[ "$status" = 0 ] || echo "status $status"
	} >"$tmp/bad"
	if [ -s "$tmp/bad" ]; then
		fail "$1" "$tmp/bad"
	else
		ok "$1"
	fi
}

# client name arg ...: one call, and what it is told
client() {
	name=$1
	shift
	$call "$@" >"$tmp/$name" 2>&1
	status=$?
	if [ $status = 0 ] && [ "$(cat "$tmp/$name")" = 'hello, and goodbye' ]; then
		return 0
	fi
	echo "status $status" >>"$tmp/$name"
	return 1
}

# nobody comes: it ends by itself
addr=unix!$tmp/sock
start 1 "$addr" && end
check 'no client: time is up' 0 "$addr"

# seconds that greet waits for the next client: a machine that is busy, or a
# checker that is slow, must not make it give up between two of ours
patience=6

# one after the other.  The file of the last run is still there
start $patience "$addr"
for i in 1 2 3; do
	if client c$i "$tmp/sock"; then
		ok "unix client $i"
	else
		fail "unix client $i" "$tmp/c$i"
	fi
done
# and at once
pids=
for i in 1 2 3 4 5; do
	client p$i "$tmp/sock" &
	pids="$pids $!"
done
i=0
for p in $pids; do
	i=$((i+1))
	if wait "$p"; then
		ok "unix client $i of 5 at once"
	else
		fail "unix client $i of 5 at once" "$tmp/p$i"
	fi
done
end
check 'three clients by turns, five at once' 8 "$addr"
if grep -q '^tick 1: 2 s$' "$tmp/out"; then
	ok 'it ticks while it waits'
else
	fail 'it ticks while it waits' "$tmp/out"
fi

# TCP.  Somebody else may take the port before greet does: then another one
for try in 1 2 3 4 5; do
	port=$($call -p)
	addr="tcp!127.0.0.1!$port"
	start $patience "$addr" && break
	grep -q 'Address .*in use' "$tmp/err" || break
done
if [ -z "$pid" ]; then
	fail 'greet listens at a TCP port' "$tmp/out" "$tmp/err"
else
	if client t1 127.0.0.1 "$port"; then
		ok 'TCP client'
	else
		fail 'TCP client' "$tmp/t1"
	fi
	# one that needs nothing of ours
	if command -v bash >/dev/null; then
		timeout 30 bash -c "exec 3<>/dev/tcp/127.0.0.1/$port && cat <&3" >"$tmp/t2" 2>&1
		if [ "$(cat "$tmp/t2")" = 'hello, and goodbye' ]; then
			ok "bash's TCP client"
		else
			fail "bash's TCP client" "$tmp/t2"
		fi
	else
		client t2 127.0.0.1 "$port"
	fi
	# the port is taken: another greet says so
	timeout 30 $greet -t 1 "$addr" >"$tmp/out2" 2>"$tmp/err2" </dev/null
	status=$?
	if [ $status = 1 ] && grep -q "announce $addr: Address .*in use" "$tmp/err2" && [ ! -s "$tmp/out2" ]; then
		ok 'a port that is taken'
	else
		echo "status $status" >>"$tmp/err2"
		fail 'a port that is taken' "$tmp/out2" "$tmp/err2"
	fi
	end
	check 'two TCP clients' 2 "$addr"
fi

# refuses text arg ...: status 1, text on fd 2, nothing on fd 1
refuses() {
	text=$1
	shift
	timeout 30 $greet "$@" >"$tmp/out" 2>"$tmp/err" </dev/null
	status=$?
	if [ $status = 1 ] && grep -Fq "$text" "$tmp/err" && [ ! -s "$tmp/out" ]; then
		ok "refuses $*"
	else
		echo "status $status" >>"$tmp/err"
		fail "refuses $*" "$tmp/out" "$tmp/err"
	fi
}
refuses 'usage: greet [-t seconds] [address]' -t 0
refuses 'usage: greet [-t seconds] [address]' -t 1 a b
refuses 'announce nowhere: bad dial string: not net!address' nowhere
refuses 'announce tcp!127.0.0.1: bad dial string: not network!host!service' -t 1 'tcp!127.0.0.1'

echo "$npass passed, $nfail failed"
[ "$nfail" = 0 ]
