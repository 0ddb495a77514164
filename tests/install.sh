#!/bin/sh
# The library as others use it: install.sh srcdir builddir
#
#	meson install into an empty folder, and what is there then
#	README.md's program and commands: compiled with pkg-config, shared and
#	static, and run
#	a program with a main of its own and lib9thread.h alone
#	a Meson project that has the library as a subproject, and by a wrap
#
# Environment: CC.  77 where there is no pkg-config or meson.
set -u
export LC_ALL=C

src=${1:?usage: install.sh srcdir builddir}
build=${2:?usage: install.sh srcdir builddir}
cc=${CC:-cc}
export CC="$cc"
readme=$src/README.md

for p in pkg-config meson; do
	if ! command -v $p >/dev/null; then
		echo "install.sh: no $p"
		exit 77
	fi
done
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
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
	[ $# -lt 2 ] || tail -n 30 "$2" | sed 's/^/	/'
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
# prints name file command ...: its output is the file
prints() {
	name=$1
	want=$2
	shift 2
	timeout 60 "$@" >"$tmp/got" 2>&1 </dev/null
	echo "status $?" >>"$tmp/got"
	{ cat "$want"; echo 'status 0'; } | diff - "$tmp/got" >"$tmp/log"
	if [ -s "$tmp/log" ]; then
		fail "$name" "$tmp/log"
	else
		ok "$name"
	fi
}

# block language: README's blocks of it, one after the other
block() {
	sed -n "/^\`\`\`$1\$/,/^\`\`\`\$/p" "$readme" | grep -v '^```'
}

# what is installed
dest=$tmp/dest
expect 'meson install' env DESTDIR="$dest" meson install -C "$build" --no-rebuild
pcdir=$(dirname "$(find "$dest" -name lib9thread.pc)")
libdir=$(dirname "$pcdir")
prefix=$(sed -n 's/^prefix=//p' "$pcdir/lib9thread.pc")
(cd "$dest$prefix" && find . ! -type d | sed 's,^\./,,' | sort) >"$tmp/files"
for f in include/lib9thread.h include/plan9/u.h include/plan9/libc.h include/plan9/thread.h \
	"${libdir#"$dest$prefix/"}/lib9thread.so" "${libdir#"$dest$prefix/"}/lib9thread.so.0" \
	"${libdir#"$dest$prefix/"}/lib9thread.a" "${libdir#"$dest$prefix/"}/lib9threadmain.a" \
	"${pcdir#"$dest$prefix/"}/lib9thread.pc" "${pcdir#"$dest$prefix/"}/lib9thread-plan9.pc" \
	share/man/man3/thread.3 share/man/man3/chansend.3 share/man/man7/lib9thread.7; do
	if [ -s "$dest$prefix/$f" ]; then
		ok "$f"
	else
		fail "$f is missing" "$tmp/files"
	fi
done
grep -v '^include/p9[a-z]*\.h$\|^include/lib9thread\.h$\|^include/plan9/[a-z]*\.h$\|/lib9thread\|^share/man/man[37]/' "$tmp/files" >"$tmp/log"
[ -s "$tmp/log" ] && fail 'nothing else is installed' "$tmp/log"
find "$dest" -xtype l >"$tmp/log"
[ -s "$tmp/log" ] && fail 'no link leads nowhere' "$tmp/log"

# the tools and their pages, if asked for
expect 'tools: setup' meson setup "$tmp/tools" "$src" -Dtools=true -Dtests=false -Dbench=false
meson introspect --installed "$tmp/tools" 2>/dev/null | tr ',' '\n' >"$tmp/files"
for f in httpd httpload pcp tcpproxy; do
	grep -q "/bin/$f\"" "$tmp/files" && grep -q "/man1/$f\.1\"" "$tmp/files" && ok "tools: $f" ||
		fail "tools: $f" "$tmp/files"
done

# pkg-config finds it there, and nothing of the system's own
export PKG_CONFIG_LIBDIR="$pcdir" PKG_CONFIG_SYSROOT_DIR="$dest"
unset PKG_CONFIG_PATH
cc() {
	command $cc "$@"
}

# README's program, by README's commands
mkdir "$tmp/readme"
cd "$tmp/readme" || exit 1
block c >first.c
block text >first.out
block sh | grep '^cc ' >commands
[ -s first.c ] && [ -s first.out ] && [ "$(wc -l <commands)" -ge 2 ] ||
	fail 'README.md has a program, its output, and commands to compile it'
while read -r line; do
	rm -f first
	if eval "$line -Wall -Wextra -Werror" >"$tmp/log" 2>&1 </dev/null; then
		ok "README: $line"
		LD_LIBRARY_PATH="$libdir" prints 'README: its output' first.out ./first
	else
		fail "README: $line" "$tmp/log"
	fi
done <commands

# every name that README has between backquotes and that looks like a file is one
grep -o '`[^` ]*/[^` ]*`' "$readme" | tr -d '`' | grep -v '^/\|^-\|://\|^build/\|^subprojects/' | sort -u |
while read -r f; do
	[ -e "$src/$f" ] || echo "no $f"
done >"$tmp/log"
if [ -s "$tmp/log" ]; then
	fail "README: its files" "$tmp/log"
else
	ok 'README: its files'
fi

# main of its own, and the header alone
mkdir "$tmp/own"
cd "$tmp/own" || exit 1
cat >own.c <<'!'
#include <stdio.h>
#include <sys/socket.h>
#include <lib9thread.h>

static void
twice(void *v)
{
	Channel *c = v;

	chansendul(c, 2*chanrecvul(c));
}

int
main(void)
{
	Channel *c;

	if(threadinit() < 0)
		return 1;
	c = chancreate(sizeof(unsigned long), 0);
	if(c == NULL || proccreate(twice, c, 0) < 0)
		return 1;
	chansendul(c, 21);
	printf("%lu\n", chanrecvul(c));
	chanfree(c);
	return 0;
}
!
echo 42 >own.out
expect 'own main, shared' cc -Wall -Werror -o shared own.c $(pkg-config --cflags --libs lib9thread)
LD_LIBRARY_PATH="$libdir" prints 'own main, shared: runs' own.out ./shared
expect 'own main, static' cc -Wall -Werror -static -o static own.c $(pkg-config --static --cflags --libs lib9thread)
prints 'own main, static: runs' own.out ./static
# the short names are not there unless asked for
if pkg-config --cflags lib9thread | grep -q plan9; then
	fail 'lib9thread.pc does not lead to the Plan 9 headers'
else
	ok 'lib9thread.pc does not lead to the Plan 9 headers'
fi

# as a subproject
unset PKG_CONFIG_SYSROOT_DIR
export PKG_CONFIG_LIBDIR="$tmp/nothing"
# project name: README's meson.build and program in $tmp/name
project() {
	mkdir -p "$tmp/$1/subprojects"
	cp "$tmp/readme/first.c" "$tmp/$1"
	block meson >"$tmp/$1/meson.build"
}
# builds name
builds() {
	expect "$1: setup" meson setup --buildtype plain "$tmp/$1/build" "$tmp/$1"
	expect "$1: builds" meson compile -C "$tmp/$1/build"
	prints "$1: runs" "$tmp/readme/first.out" "$tmp/$1/build/first"
	# nothing but the library is built
	find "$tmp/$1/build" -type f -perm -100 ! -name '*.so*' ! -name first ! -path '*/meson-*' >"$tmp/log"
	if [ -s "$tmp/log" ]; then
		fail "$1: only the library is built" "$tmp/log"
	else
		ok "$1: only the library is built"
	fi
}
project subproject
ln -s "$src" "$tmp/subproject/subprojects/lib9thread"

# by a wrap that clones a repository
if command -v git >/dev/null && git -C "$src" rev-parse >/dev/null 2>&1; then
	mkdir "$tmp/repo"
	(
		cd "$src" && git ls-files -co --exclude-standard | while read -r f; do
			[ -f "$f" ] && echo "$f"
		done | tar cf - -T - | tar xf - -C "$tmp/repo"
		cd "$tmp/repo" && git init -q && git add -A &&
		git -c user.name=t -c user.email=t@t commit -q -m t
	) >"$tmp/log" 2>&1 || fail 'a repository' "$tmp/log"
	# what is compiled there is the same
	expect 'subproject: setup' meson setup --buildtype plain "$tmp/subproject/build" "$tmp/subproject"
	project wrap
	block ini | sed "s,^url = .*,url = file://$tmp/repo," >"$tmp/wrap/subprojects/lib9thread.wrap"
	builds wrap
else
	echo '# no git: the wrap is not tried'
	builds subproject
fi

echo "$npass passed, $nfail failed"
[ "$nfail" = 0 ]
