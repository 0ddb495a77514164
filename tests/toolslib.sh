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
	n=0
	while ! "$@" >/dev/null 2>&1; do
		n=$((n+1))
		[ $n -lt 600 ] || return 1
		sleep 0.1
	done
}
total() {
	echo "$npass passed, $nfail failed"
	[ "$nfail" = 0 ]
	exit $?
}
