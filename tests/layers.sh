#!/bin/sh
# What may include what: layers.sh srcdir
#
#	arch/		itself
#	lib9thread/	itself, arch/ (the contract), include/
#	ioproc/ timers/ exec/ p9/	themselves, lib9thread/upper/, arch/, include/; not each other
#	entry/		lib9thread/upper/, include/; main.c include/ alone
#	include/	lib9thread.h: three headers of ISO C; plan9/: that, p9*.h,
#			the system, each other; nobody in the library includes plan9/
#
# and what depends on a CPU or an OS is in arch/ alone, by folders; and no
# file names a path of the machine where it was written.
set -u
export LC_ALL=C

src=${1:?usage: layers.sh srcdir}
cd "$src" || exit 1
src=$(pwd)
rooms='arch lib9thread ioproc timers exec p9 entry'

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

sources() {
	find "$@" -name '*.[chS]' | sort
}

# file line <name> or "name", for every #include of the files in $1
includes() {
	for f in $1; do
		sed -n 's/^[ 	]*#[ 	]*include[ 	]*\([<"][^>"]*[>"]\).*/\1/p' "$f" | sed "s|^|$f |"
	done
}

# ours: the names of all headers of the project
find $rooms include -name '*.h' | sed 's|.*/||' | sort -u >"$tmp/ours"

# check files dir ...: what the files include in quotes lies in one of the
# folders, and what they include in brackets is not ours
check() {
	files=$1
	shift
	includes "$files" >"$tmp/inc"
	while read -r f name; do
		file=${name#?}
		file=${file%?}
		case $name in
		'<'*)
			grep -Fqx "${file##*/}" "$tmp/ours" && [ ! -f "include/plan9/$file" ] && echo "$f: $name in brackets"
			case " u.h libc.h bio.h thread.h " in
			*" $file "*)	echo "$f: $name";;
			esac
			continue
			;;
		esac
		found=
		for d; do
			[ -f "$d/$file" ] && found=$d
		done
		case $file in
		*/*)	found=;;
		esac
		[ -n "$found" ] || echo "$f: $name"
	done <"$tmp/inc"
}

sources arch >"$tmp/files"
for d in arch $(find arch -mindepth 1 -type d); do
	check "$(find "$d" -maxdepth 1 -name '*.[chS]')" arch "$d"
done >"$tmp/err"
# arch.h takes the CPU's header, whichever that is
grep -v '^arch/arch.h: "ctx.h"$' "$tmp/err" >"$tmp/err2"
okempty 'arch/ includes itself alone' "$tmp/err2"

check "$(sources lib9thread | grep -v /upper/)" lib9thread lib9thread/upper arch include >"$tmp/err"
okempty 'lib9thread/ includes itself, arch/ and include/' "$tmp/err"

check "$(sources lib9thread/upper)" lib9thread/upper arch arch/control include >"$tmp/err"
okempty 'lib9thread/upper/ includes nothing private' "$tmp/err"

for room in ioproc timers exec p9; do
	check "$(sources $room)" $room lib9thread/upper arch include >"$tmp/err"
	okempty "$room/ includes itself, lib9thread/upper/, arch/ and include/" "$tmp/err"
done

check "$(sources entry | grep -vx entry/main.c)" entry lib9thread/upper include >"$tmp/err"
okempty 'entry/ includes lib9thread/upper/ and include/' "$tmp/err"
[ ! -f entry/main.c ] || check entry/main.c include >"$tmp/err"
okempty 'main.c includes lib9thread.h alone' "$tmp/err"

includes include/lib9thread.h | grep -v ' <stdarg.h>$\| <stddef.h>$\| <stdint.h>$' >"$tmp/err"
okempty 'lib9thread.h includes three headers of ISO C' "$tmp/err"
includes "include/p9bio.h include/p9libc.h" | grep -v ' <stdarg.h>$\| <lib9thread.h>$' >"$tmp/err"
okempty 'p9*.h include lib9thread.h' "$tmp/err"

includes "$(sources include/plan9)" | grep -v ' <.*>$' >"$tmp/err"
includes "$(sources include/plan9)" | sed 's/.*<//; s/>//' | grep -Fx -f "$tmp/ours" |
	grep -vx 'lib9thread.h\|p9libc.h\|p9bio.h\|u.h\|libc.h\|thread.h\|bio.h' >>"$tmp/err"
okempty 'plan9/ includes the public headers, itself and the system' "$tmp/err"

grep -n 'plan9/' $(sources $rooms) | grep '# *include' >"$tmp/err"
okempty 'the library includes nothing of plan9/' "$tmp/err"

# a CPU or an OS
grep -nE '^[ 	]*#[ 	]*(el)?if.*(__(x86_64|amd64|i386|aarch64|arm|riscv|powerpc|ppc|s390|mips|loongarch|linux|gnu_linux|APPLE|MACH|ANDROID|FreeBSD|NetBSD|OpenBSD|DragonFly|sun|HAIKU|CYGWIN|GLIBC)|_WIN32|defined[ (]*linux)' \
	$(sources $rooms include | grep -v '^arch/') >"$tmp/err"
okempty 'only arch/ asks for a CPU or an OS' "$tmp/err"

for d in $(find arch -mindepth 1 -type d); do
	[ -f "$d/meson.build" ] || echo "$d"
done >"$tmp/err"
okempty 'every folder of arch/ has a meson.build' "$tmp/err"

# paths
find . -maxdepth 1 -type f ! -name .git >"$tmp/files"
for d in $rooms include man tests bench examples cross scripts; do
	[ ! -d "$d" ] || find "$d" -type f
done | grep -vx tests/layers.sh >>"$tmp/files"
tr '\n' '\0' <"$tmp/files" |
xargs -0 grep -InE "(^|[^A-Za-z0-9_.>/-])/(work|home|root|Users|mnt|build)/|$(echo "$src" | sed 's/[].[*^$+?(){}|\\]/\\&/g')/" >"$tmp/err"
okempty 'no path of the machine where it was written' "$tmp/err"

echo "$npass passed, $nfail failed"
[ "$nfail" = 0 ]
