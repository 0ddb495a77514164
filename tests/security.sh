#!/bin/sh
# security: what the built library is, and a program with it.
#
#	security.sh root library.so library.a main.a program
#
# No executable stack, all relocations done and read-only, no text relocations
# also in a position-independent program, notes of the assembly about branch
# targets, each descriptor close-on-exec, each stack with a guard (secure.c, the
# program), and code with stack protectors in tasks.
set -u
root=$1
so=$(realpath "$2")
archive=$(realpath "$3")
main=$(realpath "$4")
program=$(realpath "$5")
: "${CC:=cc}"
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
bad=0

wrong() {
	echo "$*"
	bad=1
}

# hardened file: the linked object, a library or a program
hardened() {
	readelf -lW "$1" >"$tmp/l" && readelf -dW "$1" >"$tmp/d" || wrong "$1: cannot be read"
	grep -q 'GNU_STACK .* RW  *0x' "$tmp/l" || wrong "$1: executable stack"
	grep -q GNU_RELRO "$tmp/l" || wrong "$1: no RELRO"
	grep -Eq 'BIND_NOW|FLAGS_1.*NOW' "$tmp/d" || wrong "$1: lazy binding"
	! grep -q TEXTREL "$tmp/d" || wrong "$1: text relocations"
	! grep -Eq 'LOAD .* RWE ' "$tmp/l" || wrong "$1: memory to write and to execute"
	! grep -Eq 'R(UN)?PATH' "$tmp/d" || [ "$2" = path ] || wrong "$1: a path to libraries"
}

hardened "$so" path

# each object asks for no executable stack: ld takes one that says nothing for one that does
mkdir "$tmp/o" && (cd "$tmp/o" && ar x "$archive")
ls "$tmp"/o/*.o >/dev/null 2>&1 || wrong "$archive: no objects"
for o in "$tmp"/o/*.o; do
	# link-time optimization: the objects hold no machine code yet
	readelf -SW "$o" | grep -q lto && continue
	readelf -SW "$o" | grep 'note.GNU-stack' | grep -qv 'PROGBITS.* X ' || wrong "${o##*/}: no .note.GNU-stack, or an executable one"
done

# programs, dynamic and static, position-independent, with every hardening that needs the library's help
hard='-O2 -fstack-protector-all -D_FORTIFY_SOURCE=2 -fPIE'
link='-pie -Wl,-z,relro,-z,now,-z,text,-z,noexecstack -Wl,--fatal-warnings'
cat >"$tmp/t.c" <<'!'
#include <stdio.h>
#include <string.h>
#include "lib9thread.h"

static Channel *c;

/* buffers, which get a canary, alive in several stacks at a time */
static void
speaker(void *v)
{
	char buf[64];
	int i;

	for(i = 0; i < 1000; i++){
		snprintf(buf, sizeof buf, "%s %d", (char*)v, i);
		threadyield();
		chansendul(c, strlen(buf));
	}
}

void
threadmain(int argc, char *argv[])
{
	unsigned long n;
	int i;

	(void)argc;
	(void)argv;
	c = chancreate(sizeof(unsigned long), 4);
	threadcreate(speaker, "a", 0);
	proccreate(speaker, "bc", 0);
	n = 0;
	for(i = 0; i < 2000; i++)
		n += chanrecvul(c);
	printf("%lu\n", n);
}
!
# program name file ...
build() {
	p=$1
	shift
	if $CC $hard -I"$root/include" -o "$tmp/$p" "$tmp/t.c" $link "$@" -lpthread >"$tmp/log" 2>&1; then
		hardened "$tmp/$p" none
		readelf -hW "$tmp/$p" | grep -q 'Type: *DYN' || wrong "$p: not position-independent"
		out=$(LD_LIBRARY_PATH=$(dirname "$so") "$tmp/$p") || wrong "$p: ends with $?"
		[ "$out" = 10780 ] || wrong "$p: prints $out"
	else
		cat "$tmp/log"
		wrong "$p: does not link"
	fi
}
build shared "$main" "$so"
build static "$main" "$archive"

# branch targets.  amd64: marked, shadow stacks not, since a switch returns elsewhere
# notes cpu compiler flag: what the assembly, compiled like that, says of itself
notes() {
	$2 $3 -I"$root/arch/$1" -c -o "$tmp/ctx.o" "$root/arch/$1/ctx.S" && readelf -nW "$tmp/ctx.o"
}
case $($CC -dumpmachine) in
x86_64*)
	notes amd64 "$CC" -fcf-protection=full >"$tmp/n"
	grep -q 'x86 feature: .*IBT' "$tmp/n" || wrong 'arch/amd64/ctx.S: no note of IBT'
	! grep -q SHSTK "$tmp/n" || wrong 'arch/amd64/ctx.S: says that it does with shadow stacks';;
esac
if command -v aarch64-linux-gnu-gcc >/dev/null; then
	notes arm64 aarch64-linux-gnu-gcc -mbranch-protection=standard >"$tmp/n"
	grep -q 'AArch64 feature: .*BTI' "$tmp/n" || wrong 'arch/arm64/ctx.S: no note of BTI'
fi

# what makes a descriptor and does not say close-on-exec.  p9/ is Plan 9's, where a program asks for that; POSIX has fcntl
sources=$(ls "$root"/arch/*.c "$root"/arch/*/*.c "$root"/lib9thread/*.c "$root"/ioproc/*.c "$root"/timers/*.c "$root"/exec/*.c |
	grep -v /arch/posix/)
grep -nE '\b(open|openat|socket|accept4|pipe2|epoll_create1|eventfd|memfd_create|timerfd_create|dup3)\(' \
	$sources | grep -v CLOEXEC >"$tmp/fd"
grep -nE '\b(accept|pipe|dup|epoll_create|creat|fopen|opendir|F_DUPFD)\(|F_DUPFD\b' \
	$sources >>"$tmp/fd"
[ ! -s "$tmp/fd" ] || wrong "descriptors without close-on-exec: $(cat "$tmp/fd")"

"$program" || wrong "$program: ends with $?"
exit $bad
