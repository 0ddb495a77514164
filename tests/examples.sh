#!/bin/sh
# What the examples print: examples.sh hello prog
#	examples.sh primes prog
#
# MESON_EXE_WRAPPER, if set, is what to run foreign programs with.
set -u
export LC_ALL=C

which=${1:?usage: examples.sh hello|primes prog}
prog=${2:?usage: examples.sh hello|primes prog}
run="${MESON_EXE_WRAPPER:-} $prog"

tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
trap 'exit 1' HUP INT TERM

npass=0
nfail=0
# same name: $tmp/out is $tmp/want, $tmp/err is empty, $status is 0
same() {
	diff "$tmp/want" "$tmp/out" >"$tmp/diff"
	if [ "$status" = 0 ] && [ ! -s "$tmp/diff" ] && [ ! -s "$tmp/err" ]; then
		npass=$((npass+1))
		echo "ok $1"
	else
		nfail=$((nfail+1))
		echo "FAIL $1: status $status"
		head -20 "$tmp/diff" "$tmp/err"
	fi
}

# try arg ...: run it
try() {
	timeout 60 $run "$@" >"$tmp/out" 2>"$tmp/err" </dev/null
	status=$?
}

# the first $1 primes, by trial division
primes() {
	awk -v n="$1" 'BEGIN {
		for(i = 2; k < n; i++){
			for(j = 0; j < k && p[j]*p[j] <= i && i % p[j] != 0; j++)
				;
			if(j == k || p[j]*p[j] > i){
				p[k++] = i
				print i
			}
		}
	}'
}

# refuses arg ...
refuses() {
	try "$@"
	echo "usage: $which [-p] [n]" >"$tmp/want"
	if [ "$status" = 1 ] && cmp -s "$tmp/want" "$tmp/err"; then
		npass=$((npass+1))
		echo "ok refuses $*"
	else
		nfail=$((nfail+1))
		echo "FAIL refuses $*: status $status"
		cat "$tmp/err"
	fi
}

case $which in
hello)
	for i in 1 2 3 4 5 6 7 8 9 10; do
		try
		# the last line is last; the others come in any order
		tail -n 1 "$tmp/out" >"$tmp/last"
		sort "$tmp/out" >"$tmp/sorted"
		cat "$tmp/last" "$tmp/sorted" >"$tmp/out"
		cat >"$tmp/want" <<-!
		9 greetings
		9 greetings
		hello from a proc
		hello from a proc
		hello from a proc
		hello from a thread
		hello from a thread
		hello from a thread
		hello from another thread
		hello from another thread
		hello from another thread
		!
		same "hello, $i"
	done
	;;
primes)
	cat >"$tmp/want" <<-!
	2
	3
	5
	7
	11
	13
	17
	19
	23
	29
	31
	37
	41
	43
	47
	53
	59
	61
	67
	71
	73
	79
	83
	89
	97
	!
	try
	same 'primes'
	try -p
	same 'primes -p'
	primes 1 >"$tmp/want"
	try 1
	same 'primes 1'
	primes 300 >"$tmp/want"
	try 300
	same 'primes 300'
	primes 60 >"$tmp/want"
	try -p 60
	same 'primes -p 60'
	refuses 0
	refuses -3
	refuses nonsense
	refuses 3 4
	refuses -p 3 4
	;;
*)
	echo "$0: no test for $which" >&2
	exit 2
	;;
esac

echo "$npass passed, $nfail failed"
[ "$nfail" = 0 ]
