#!/bin/sh
# The manual against the library: man.sh srcdir [builddir]
#
#	lint, order of sections, cross-references
#	the SYNOPSIS of every page against the public headers, both ways
#	lib9thread.sym, the constants, plan9/*.h and the error strings
#	every example: compiled; with builddir linked; those marked `.\" run'
#	are run, and must print the block that follows
#
# Environment: CC, CFLAGS, LDFLAGS; RUN is a wrapper to run programs with, or
# `no' not to run any.  77 if there is no mandoc.
set -u
export LC_ALL=C

src=${1:?usage: man.sh srcdir [builddir]}
build=${2:+$(cd "$2" && pwd)}
cc=${CC:-cc}
cflags="-std=gnu17 -Wall -Wextra -Werror ${CFLAGS:-} -I$src/include -I$src/include/plan9"
man=$src/man
header="$src/include/lib9thread.h $src/include/p9libc.h $src/include/p9bio.h"
sections='NAME
LIBRARY
SYNOPSIS
DESCRIPTION
RETURN VALUES
EXIT STATUS
EXAMPLES
DIAGNOSTICS
SEE ALSO
HISTORY
BUGS'
# pages of others that ours may name
theirs='_exit.2 clock_gettime.2 close.2 execve.2 fork.2 open.2 read.2 recv.2 send.2
sigaltstack.2 atexit.3 exit.3 getaddrinfo.3 longjmp.3 printf.3 pthread_create.3
pthread_exit.3 sleep.3 strerror.3 va_arg.3 signal.7 dup.2 waitpid.2 free.3
nohup.1 access.2 accept.2 bind.2 connect.2 flock.2 poll.2 listen.2 recvfrom.2 sendto.2 shutdown.2
dlclose.3 dlopen.3 pipe.2 umask.2 write.2 malloc.3 remove.3'
# and those of the tools
theirs=" $(echo $theirs) cp.1 copy_file_range.2 "

if ! command -v mandoc >/dev/null; then
	echo 'man.sh: no mandoc'
	exit 77
fi
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
trap 'exit 1' HUP INT TERM

npass=0
nfail=0
ok() {
	npass=$((npass+1))
	echo "ok $1"
}
# fail name [file with details]
fail() {
	nfail=$((nfail+1))
	echo "FAIL $1"
	if [ $# -gt 1 ]; then
		sed 's/^/	/' "$2"
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

# what the NAME section lists, one a line
names() {
	sed -n '/^\.Sh NAME/,/^\.Nd/s/^\.Nm \([^ ]*\).*/\1/p' "$1"
}

# the SYNOPSIS as C: `name<tab>declaration;'
synopsis() {
	awk '
	# words of a macro line into a[1..]; quoted ones are one
	function words(s, a,	n) {
		n = 0
		while(s != ""){
			sub(/^[ \t]+/, "", s)
			if(s == "")
				break
			if(s ~ /^"/){
				s = substr(s, 2)
				match(s, /"|$/)
			}else
				match(s, /[ \t]|$/)
			a[++n] = substr(s, 1, RSTART-1)
			s = substr(s, RSTART+1)
		}
		return n
	}
	function put(name, arg) {
		printf "%s\t%s %s(%s);\n", name, type, name, arg
	}
	/^\.Sh / { on = /^\.Sh SYNOPSIS/ }
	!on { next }
	/^\.Bd/ { inbd = 1 }
	/^\.Ed/ { inbd = 0 }
	inbd { next }
	/^\.(Ft|Fn|Fo|Fa|Vt) / {
		m = substr($0, 2, 2)
		n = words(substr($0, 5), w)
		if(m == "Ft")
			type = w[1]
		else if(m == "Fn"){
			s = w[2]
			for(i = 3; i <= n; i++)
				s = s ", " w[i]
			put(w[1], s)
		}else if(m == "Fo"){
			fo = w[1]
			s = ""
		}else if(m == "Fa")
			s = s (s == ""? "": ", ") w[1]
		else{
			sub(/^\.Vt /, "")
			sub(/ *;.*/, "")
			name = $0
			sub(/.*[ *]/, "", name)
			printf "%s\t%s;\n", name, $0
		}
	}
	/^\.Fc/ { put(fo, s) }
	' "$1"
}

# the literal blocks of the SYNOPSIS, a line each, without comments and spaces
structs() {
	awk '
	/^\.Sh / { on = /^\.Sh SYNOPSIS/ }
	on && /^\.Ed/ { print s; inbd = 0 }
	inbd { s = s $0 "\n" }
	on && /^\.Bd/ { inbd = 1; s = "" }
	' "$1" | squeeze
}
squeeze() {
	tr '\n' ' ' | sed 's,/\*[^*]*\*/,,g' | tr -d ' \t'
	echo
}

# what the header declares, one name a line
declared() {
	awk '
	/^(typedef|struct|enum|#|extern "C")/ { next }
	/^[A-Za-z]/ && match($0, /[A-Za-z][A-Za-z0-9]*\(/) { print substr($0, RSTART, RLENGTH-1); next }
	/^extern/ { sub(/;.*/, ""); sub(/.*[ \t*]/, ""); print }
	' $header
}

# $1 into $tmp/<page>-n.c and, for those marked to be run, $tmp/<page>-n.out
examples() {
	awk -v base="$tmp/$(basename "$1")" '
	/^\.\\" run/ { mark = 1 }
	/^\.Bd/ { inbd = 1; text = ""; next }
	/^\.Ed/ {
		inbd = 0
		if(text ~ /(^|\n)(thread)?main\(/){
			f = base "-" ++n
			printf "%s", text >(f ".c")
			close(f ".c")
			run = mark
			mark = 0
		}else if(run){
			printf "%s", text >(f ".out")
			close(f ".out")
			run = 0
		}
		next
	}
	inbd {
		gsub(/\\&/, "")
		gsub(/\\e/, "\\")
		gsub(/\\-/, "-")
		text = text $0 "\n"
	}
	' "$1"
}

pages=$(echo "$man"/*.[0-9])
for p in $pages; do
	names "$p" >"$tmp/$(basename "$p").names"
	synopsis "$p" >"$tmp/$(basename "$p").syn"
done
cat "$tmp"/*.syn | cut -f1 | sort >"$tmp/documented"

# each page by itself
for p in $pages; do
	page=$(basename "$p")
	sec=${page##*.}

	mandoc -T lint -W warning "$p" >"$tmp/err" 2>&1
	okempty "lint $page" "$tmp/err"

	sed -n 's/^\.Sh //p' "$p" >"$tmp/has"
	echo "$sections" | grep -Fx -f "$tmp/has" | diff - "$tmp/has" >"$tmp/err"
	for s in NAME SYNOPSIS DESCRIPTION EXAMPLES 'SEE ALSO'; do
		grep -Fqx "$s" "$tmp/has" || echo "no $s" >>"$tmp/err"
	done
	[ "$sec" = 1 ] && more='EXIT STATUS' || more=HISTORY
	grep -Fqx "$more" "$tmp/has" || echo "no $more" >>"$tmp/err"
	[ "$sec" = 3 ] && for s in LIBRARY 'RETURN VALUES' DIAGNOSTICS; do
		grep -Fqx "$s" "$tmp/has" || echo "no $s" >>"$tmp/err"
	done
	okempty "sections of $page" "$tmp/err"

	sed -n 's/^\.\(It \)*Xr \([^ ]*\) \([0-9]\).*/\2.\3/p
		s/.* Xr \([^ ]*\) \([0-9]\).*/\1.\2/p' "$p" | sort -u |
	while read -r x; do
		[ -f "$man/$x" ] && continue
		case $theirs in
		*" $x "*)	continue;;
		esac
		[ "${x##*.}" = 3 ] && grep -Fqx "${x%.*}" "$tmp/documented" && continue
		echo ".Xr $x"
	done >"$tmp/err"
	okempty "cross-references of $page" "$tmp/err"

	[ "$sec" = 3 ] || continue
	syn=$tmp/$page.syn
	cut -f1 "$syn" | sort >"$tmp/a"
	sort "$tmp/$page.names" | diff - "$tmp/a" >"$tmp/err"
	okempty "NAME is SYNOPSIS in $page" "$tmp/err"

	# not declared, or declared otherwise: an error either way
	{
		echo '#include <p9libc.h>'
		echo '#include <p9bio.h>'
		echo 'void l9check(void){'
		cut -f1 "$syn" | sed 's/.*/	(void)&;/'
		echo '}'
		cut -f2 "$syn"
	} >"$tmp/syn.c"
	$cc $cflags -fsyntax-only "$tmp/syn.c" >"$tmp/err" 2>&1
	okempty "declarations of $page" "$tmp/err"

	cat $header | squeeze >"$tmp/header"
	structs "$p" | tr '}' '\n' | sed 's/^;//; /^$/d' >"$tmp/structs"
	while read -r s; do
		grep -Fq "$s}" "$tmp/header" || echo "$s}"
	done <"$tmp/structs" >"$tmp/err"
	okempty "structs of $page" "$tmp/err"
done

# words macro file ...: those of the lines of that macro, each once
words() {
	m=$1
	shift
	sed -n "s/^\\.\\(It \\)*\\($m\\) //p" "$@" | tr ' ' '\n' | sort -u
}

# the other way
declared | sort >"$tmp/declared"
if [ ! -s "$tmp/declared" ]; then
	fail 'no declarations found in the public headers'
fi
comm -23 "$tmp/declared" "$tmp/documented" >"$tmp/err"
okempty 'everything in the public headers is documented' "$tmp/err"
uniq -d "$tmp/documented" >"$tmp/err"
okempty 'nothing is documented twice' "$tmp/err"

sym=$src/lib9thread/lib9thread.sym
if [ -f "$sym" ]; then
	sed -n 's/^[ 	]*\([A-Za-z_][A-Za-z0-9_]*\);.*/\1/p' "$sym" | sort >"$tmp/sym"
	[ -s "$tmp/sym" ] || fail "no symbols found in $sym"
	comm -23 "$tmp/sym" "$tmp/documented" >"$tmp/err"
	okempty 'every exported symbol is documented' "$tmp/err"
	# the program's, and the archive's with main
	comm -13 "$tmp/sym" "$tmp/documented" | grep -vx 'threadmain\|mainstacksize' >"$tmp/err"
	okempty 'everything documented is exported' "$tmp/err"
else
	fail "no $sym"
fi

# constants: L9* and the guard are not for programs
sed -n 's/^#define[ 	]*\([A-Za-z0-9]*\).*/\1/p
	s/^	\([A-Z][A-Z0-9]*\)[ ,].*/\1/p
	s/^	\([A-Z][A-Z0-9]*\),$/\1/p' $header | grep -v '^L9\|^LIB9\|^P9' | sort -u >"$tmp/a"
words Dv $pages | comm -23 "$tmp/a" - >"$tmp/err"
okempty 'every constant of the public headers is documented' "$tmp/err"

sed -n 's/^#define[ 	]*\([A-Za-z0-9]*\).*/\1/p
	s/^typedef.*[ 	]\([a-z0-9]*\);/\1/p' "$src"/include/plan9/*.h |
	grep -v '^L9\|^l9\|^PLAN9' | sort -u >"$tmp/a"
words 'Fn\|Vt\|Dv' "$man/p9names.7" | comm -23 "$tmp/a" - >"$tmp/err"
okempty 'every name of plan9/*.h is in p9names.7' "$tmp/err"

sed -n '/^\.Ss Not there/,/^\.Sh/s/^\.\(It \)*Li \([_a-z0-9]*\) .*/\2/p' "$man/p9names.7" >"$tmp/not"
while read -r x; do
	cat $header "$src"/include/plan9/*.h | grep "^[A-Za-z#].*[^a-z0-9]$x(" 
done <"$tmp/not" >"$tmp/err"
okempty 'what p9names.7 says is not there is not' "$tmp/err"

# error strings
cat "$src"/lib9thread/*.[ch] "$src"/ioproc/*.[ch] "$src"/timers/*.[ch] "$src"/exec/*.[ch] "$src"/p9/*.[ch] "$src"/entry/*.[ch] >"$tmp/code" 2>/dev/null
# "timed out" is for calls with a deadline, of which there are none yet
grep -o 'l9err([^"]*"[^"%]*")' "$tmp/code" | sed 's/^[^"]*"//; s/")$//' | sort -u | grep -Fvx 'timed out' >"$tmp/a"
sed -n 's/^\.It Qq //p' $pages | sort -u | comm -23 "$tmp/a" - | sed 's/^/not in the manual: /' >"$tmp/err"
grep -o '"[^"]*"' "$tmp/code" | tr -d '"' | sort -u >"$tmp/a"
cat "$man"/*.[37] | sed -n '/^\.Sh DIAGNOSTICS/,/^\.Sh SEE/s/^\.It Qq //p' | sort -u |
comm -23 - "$tmp/a" | sed 's/^/not in the code: /' >>"$tmp/err"
okempty 'error strings' "$tmp/err"

# examples
libs=
if [ -n "$build" ]; then
	if [ -f "$build/lib9thread.so" ]; then
		libs="-L$build -Wl,-rpath,$build -l9threadmain -l9thread"
	else
		libs="$build/lib9threadmain.a $build/lib9thread.a"
	fi
	libs="$libs ${LDFLAGS:-} -lpthread"
fi
for p in $pages; do
	page=$(basename "$p")
	# those of a tool are commands
	[ "${page##*.}" = 1 ] && continue
	examples "$p"
	if [ ! -f "$tmp/$page-1.c" ]; then
		fail "$page has no example"
		continue
	fi
	for f in "$tmp/$page"-*.c; do
		prog=${f%.c}
		name=$(basename "$prog")
		if [ -z "$libs" ]; then
			$cc $cflags -fsyntax-only "$f" >"$tmp/err" 2>&1
			okempty "example $name compiles" "$tmp/err"
			continue
		fi
		$cc $cflags -O2 -g -fstack-clash-protection -o "$prog" "$f" $libs >"$tmp/err" 2>&1
		okempty "example $name compiles and links" "$tmp/err"
		if [ -x "$prog" ] && [ -f "$prog.out" ] && [ "${RUN:-}" != no ]; then
			timeout 30 ${RUN:-} "$prog" <&- </dev/null >"$tmp/got" 2>"$tmp/err2"
			status=$?
			diff "$prog.out" "$tmp/got" >"$tmp/err"
			cat "$tmp/err2" >>"$tmp/err"
			[ $status = 0 ] || echo "status $status" >>"$tmp/err"
			okempty "example $name prints what it should" "$tmp/err"
		fi
	done
done

echo "$npass passed, $nfail failed"
[ "$nfail" = 0 ]
