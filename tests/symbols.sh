#!/bin/sh
# What the built library shows to the linker:
#	symbols.sh lib9thread.sym lib9thread.so lib9thread.a [lib9threadmain.a]
#
#	the shared library exports what lib9thread.sym lists, and nothing else
#	none of it is a name of the C library: it would replace that call for
#	the whole process
#	the archives, which have one name space with the program, add only
#	hidden names that begin with l9
#
# Environment: CC (to find the C library), NM, READELF.
set -u
export LC_ALL=C

usage='usage: symbols.sh file.sym lib.so lib.a [libmain.a]'
symfile=${1:?$usage}
so=${2:?$usage}
archive=${3:?$usage}
libmain=${4:-}
cc=${CC:-cc}
nm=${NM:-nm}
readelf=${READELF:-readelf}

tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
trap 'exit 1' HUP INT TERM

npass=0
nfail=0
# okempty name file: nothing in the file is good
okempty() {
	if [ -s "$2" ]; then
		nfail=$((nfail+1))
		echo "FAIL $1"
		sed 's/^/	/' "$2"
	else
		npass=$((npass+1))
		echo "ok $1"
	fi
}

# defined dynamic symbols of $1, without versions and without the versions' own names
dynamic() {
	$nm -D --defined-only "$1" | awk '$(NF-1) != "A" { sub(/@.*/, "", $NF); print $NF }' | sort -u
}

# global symbols that the members of $1 define: `visibility name'
archived() {
	# __*: what sanitizers and coverage add
	$readelf -Ws "$1" 2>/dev/null |
	awk '$1 ~ /^[0-9]+:$/ && ($5 == "GLOBAL" || $5 == "WEAK") && $7 != "UND" && $8 !~ /^__/ {
		print $6, $8
	}' | sort -u
}

sed -n 's/^[ 	]*\([A-Za-z_][A-Za-z0-9_]*\);.*/\1/p' "$symfile" | sort >"$tmp/list"
dynamic "$so" >"$tmp/so"
: >"$tmp/err"
[ -s "$tmp/list" ] || echo "$symfile lists nothing" >>"$tmp/err"
[ -s "$tmp/so" ] || echo "$so exports nothing" >>"$tmp/err"
uniq -d "$tmp/list" | sed 's/^/twice in the list: /' >>"$tmp/err"
okempty 'there are symbols to compare' "$tmp/err"

comm -23 "$tmp/list" "$tmp/so" >"$tmp/err"
okempty 'all that is listed is exported' "$tmp/err"
comm -13 "$tmp/list" "$tmp/so" >"$tmp/err"
okempty 'all that is exported is listed' "$tmp/err"

# every library that a C program may get from libc; where they are one, the others are missing
: >"$tmp/libc"
for l in libc.so.6 libc.so libm.so.6 libpthread.so.0 libresolv.so.2 librt.so.1 libdl.so.2; do
	f=$($cc -print-file-name=$l)
	[ "$f" != $l ] && dynamic "$f" 2>/dev/null >>"$tmp/libc"
done
sort -u "$tmp/libc" -o "$tmp/libc"
: >"$tmp/err"
grep -qx send "$tmp/libc" || echo "$cc does not tell where its libc is" >>"$tmp/err"
comm -12 "$tmp/list" "$tmp/libc" >>"$tmp/err"
okempty 'no name of the C library is exported' "$tmp/err"

archived "$archive" >"$tmp/a"
: >"$tmp/err"
[ -s "$tmp/a" ] || echo "$archive defines nothing" >>"$tmp/err"
cut -d' ' -f2 "$tmp/a" | sort -u | comm -23 "$tmp/list" - | sed 's/^/missing: /' >>"$tmp/err"
okempty 'all that is listed is in the archive' "$tmp/err"

cut -d' ' -f2 "$tmp/a" | sort -u | comm -13 "$tmp/list" - | grep -v '^l9' >"$tmp/err"
okempty 'all else in the archive begins with l9' "$tmp/err"

grep ' l9' "$tmp/a" | grep -v '^HIDDEN ' >"$tmp/err"
okempty 'all that begins with l9 is hidden' "$tmp/err"

cut -d' ' -f2 "$tmp/a" | sort -u | comm -12 - "$tmp/libc" >"$tmp/err"
okempty 'the archive defines no name of the C library' "$tmp/err"

if [ -n "$libmain" ]; then
	archived "$libmain" | cut -d' ' -f2 | sort -u >"$tmp/m"
	: >"$tmp/err"
	grep -qx main "$tmp/m" || echo 'no main' >>"$tmp/err"
	grep -vx 'main\|mainstacksize\|l9.*' "$tmp/m" >>"$tmp/err"
	okempty 'the other archive defines main, and at most mainstacksize' "$tmp/err"
fi

echo "$npass passed, $nfail failed"
[ "$nfail" = 0 ]
