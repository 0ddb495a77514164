#!/bin/sh
# programs.sh expected program [argument ...]: the program ends by itself, with
# status 0, prints what it should and nothing on descriptor 2
expected=${1:?usage: programs.sh expected program [argument ...]}
shift
out=$(mktemp) || exit 1
err=$(mktemp) || exit 1
trap 'rm -f "$out" "$err"' EXIT
# MESON_EXE_WRAPPER, if set, is what foreign programs run with
timeout 100 ${MESON_EXE_WRAPPER:-} "$@" </dev/null >"$out" 2>"$err"
status=$?
bad=0
if [ $status -ne 0 ]; then
	echo "status $status"
	bad=1
fi
diff "$expected" "$out" || bad=1
if [ -s "$err" ]; then
	cat "$err"
	bad=1
fi
exit $bad
