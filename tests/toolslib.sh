# What the tests of the tools share; to be read with `.'.
#
# MESON_EXE_WRAPPER, if set, is what to run foreign programs with.
export LC_ALL=C

wrapper=${MESON_EXE_WRAPPER:-}
tmp=$(mktemp -d) || exit 1
started=
# only what the script started, by its number
cleanup() {
	for p in $started; do
		kill -9 "$p" 2>/dev/null
	done
	[ -z "${mounted:-}" ] || umount "$mounted"
	rm -rf "$tmp"
}
trap cleanup EXIT
trap 'exit 1' HUP INT TERM

npass=0
nfail=0
ok() {
	npass=$((npass+1))
	echo "ok $1"
}
# fail name [file with details ...]
fail() {
	nfail=$((nfail+1))
	echo "FAIL $1"
	shift
	for f; do
		[ ! -f "$f" ] || tail -n 40 "$f" | sed 's/^/	/'
	done
}
# expect name command ...: it succeeds
expect() {
	name=$1
	shift
	if "$@" >"$tmp/log" 2>&1; then
		ok "$name"
	else
		fail "$name" "$tmp/log"
	fi
}
# okempty name file: nothing in the file is good
okempty() {
	if [ -s "$2" ]; then
		fail "$1" "$2"
	else
		ok "$1"
	fi
}
skip() {
	echo "# not tried: $1"
}
has() {
	command -v "$1" >/dev/null 2>&1
}
# until command ...: within a minute it succeeds
until_() {
	waited=0
	while ! "$@" >/dev/null 2>&1; do
		waited=$((waited+1))
		[ $waited -lt 600 ] || return 1
		sleep 0.1
	done
}
# Servers.  $client is tests/toolclient.c.

# running pid text: it has said the text, or has gone
running() {
	cat out err | grep -Fq -- "$2" || ! kill -0 "$1"
}
# serve text command ...: in the background, with @ in it a port that is free, until
# it has said the text.  $port, $pid, files out and err
serve() {
	text=$1
	shift
	for try in 1 2 3 4 5; do
		port=$($client port)
		command=$(echo "$*" | sed "s/@/$port/g")
		$command >out 2>err </dev/null &
		pid=$!
		started="$started $pid"
		until_ running $pid "$text"
		kill -0 $pid 2>/dev/null && return 0
		grep -q 'in use' err || break
	done
	fail "$1 does not start" out err
	return 1
}
# a call and no more.  A program under ThreadSanitizer hears of a signal when it
# does something, which need not be soon; to others a call more makes no difference
poke() {
	timeout 5 $client half $port </dev/null
}
# ended pid
ended() {
	kill -0 "$1" || return 0
	poke
	! kill -0 "$1"
}
# stops name signal: the server ends by it, with status 0
stops() {
	kill -$2 $pid
	until_ ended $pid || kill -9 $pid
	wait $pid
	status=$?
	started=
	if [ $status = 0 ]; then
		ok "$1"
	else
		echo "status $status" >>err
		fail "$1" out err
	fi
}

total() {
	echo "$npass passed, $nfail failed"
	[ "$nfail" = 0 ]
	exit $?
}
