#!/bin/sh
# The headers beside those of POSIX: headers.sh srcdir
#
#	lib9thread.h with p9*.h, and plan9/*.h, each before and after every
#	POSIX header that this system has; C11 and C17, C++17 for what C++
#	programs may include; plain and with -D_FORTIFY_SOURCE=2 -O2
#	send and recv both ways in one file
#	lib9thread.h and p9*.h define no lower-case macro; NOPLAN9DEFINES leaves
#	no short name
#
# All headers go into one file; if that fails, each is tried by itself, to
# say which it is.
#
# Environment: CC, CXX (none: no C++), CFLAGS, CXXFLAGS.
set -u
export LC_ALL=C

src=${1:?usage: headers.sh srcdir}
cc=${CC:-cc}
cxx=${CXX-c++}
inc="-I$src/include"
p9inc="$inc -I$src/include/plan9"
warn='-Wall -Wextra -Werror -fsyntax-only'
fortify='-O2 -D_FORTIFY_SOURCE=2'
headers='aio.h arpa/inet.h assert.h complex.h cpio.h ctype.h dirent.h dlfcn.h
errno.h fcntl.h fenv.h float.h fmtmsg.h fnmatch.h ftw.h glob.h grp.h iconv.h
inttypes.h iso646.h langinfo.h libgen.h limits.h locale.h math.h monetary.h
mqueue.h ndbm.h net/if.h netdb.h netinet/in.h netinet/tcp.h nl_types.h poll.h
pthread.h pwd.h regex.h sched.h search.h semaphore.h setjmp.h signal.h spawn.h
stdarg.h stdbool.h stddef.h stdint.h stdio.h stdlib.h string.h strings.h
stropts.h sys/ipc.h sys/mman.h sys/msg.h sys/resource.h sys/select.h sys/sem.h
sys/shm.h sys/socket.h sys/stat.h sys/statvfs.h sys/time.h sys/times.h
sys/types.h sys/uio.h sys/un.h sys/utsname.h sys/wait.h syslog.h tar.h
termios.h tgmath.h time.h trace.h ulimit.h unistd.h utime.h utmpx.h wchar.h
wctype.h wordexp.h stdalign.h stdatomic.h stdnoreturn.h threads.h uchar.h
sys/epoll.h sys/eventfd.h sys/ioctl.h sys/param.h sys/prctl.h sys/ptrace.h
sys/syscall.h sys/timerfd.h ifaddrs.h printf.h pty.h err.h alloca.h'
# In C++ not those of C alone; stdnoreturn.h would break everybody's [[noreturn]].

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
	[ $# -lt 2 ] || head -20 "$2" | sed 's/^/	/'
}

# include name ...: #include lines
include() {
	for i; do
		echo "#include <$i>"
	done
}

# source first-headers second-headers: a file that uses what it includes
source() {
	include $1
	include $2
	cat <<!
int l9use(Channel *c, Alt *a, Ref *r);
int
l9use(Channel *c, Alt *a, Ref *r)
{
	a->op = CHANEND;
	return chansend(c, 0) + chanalt(a) + (int)incref(r) + NETPATHLEN + (Second > 0);
}
!
}

# compile name compiler flags file
compile() {
	$2 $3 $warn "$4" >"$tmp/err" 2>&1
}

# which of the headers $2 compiler $1 has, for -std=$3 and language $4
present() {
	for h in $2; do
		printf '#if __has_include(<%s>)\nl9has %s\n#endif\n' "$h" "$h"
	done >"$tmp/has.c"
	# "unix" and "linux" are macros in GNU modes, hence -std
	$1 -std=$3 -x $4 -E -P "$tmp/has.c" 2>/dev/null | tr -d '\n' | sed 's/l9has */\
/g' | tr -d ' ' | sed '/^$/d'
}

# both name compiler flags suffix ours theirs
both() {
	source "$5" "$6" >"$tmp/before.$4"
	source "$6" "$5" >"$tmp/after.$4"
	for order in before after; do
		if compile "$1" "$2" "$3" "$tmp/$order.$4"; then
			ok "$1, $order all others"
			continue
		fi
		cp "$tmp/err" "$tmp/all"
		culprit=
		for h in $6; do
			case $order in
			before)	source "$5" "$h";;
			after)	source "$h" "$5";;
			esac >"$tmp/one.$4"
			compile "$1" "$2" "$3" "$tmp/one.$4" || culprit="$culprit $h"
		done
		fail "$1, $order:${culprit:- together only}" "$tmp/all"
	done
}

chdrs=$(present "$cc" "$headers" c11 c)
n=$(echo $chdrs | wc -w)
case " $(echo $chdrs) " in
*' sys/socket.h '*)	ok "$n headers of this system";;
*)	fail "cannot find this system's headers";;
esac

for std in c11 c17 gnu17; do
	posix="-std=$std ${CFLAGS:-}"
	[ $std = gnu17 ] || posix="$posix -D_XOPEN_SOURCE=700"
	for more in '' "$fortify"; do
		both "lib9thread.h $std $more" "$cc" "$posix $inc $more" c 'lib9thread.h p9libc.h p9bio.h' "$chdrs"
		both "plan9/thread.h $std $more" "$cc" "$posix $p9inc $more" c 'u.h libc.h bio.h thread.h' "$chdrs"
		both "NOPLAN9DEFINES $std $more" "$cc" "$posix $p9inc -DNOPLAN9DEFINES $more" c 'u.h libc.h bio.h thread.h' "$chdrs"
	done
done
both 'lib9thread.h gnu17 -D_GNU_SOURCE' "$cc" "-std=gnu17 $inc -D_GNU_SOURCE ${CFLAGS:-}" c 'lib9thread.h p9libc.h p9bio.h' "$chdrs"
both 'plan9/thread.h gnu17 -D_GNU_SOURCE' "$cc" "-std=gnu17 $p9inc -D_GNU_SOURCE $fortify ${CFLAGS:-}" c 'u.h libc.h bio.h thread.h' "$chdrs"

if [ -n "$cxx" ] && command -v ${cxx%% *} >/dev/null; then
	cxxhdrs=$(present "$cxx" "$headers" c++17 c++ | grep -vx 'stdatomic.h\|stdnoreturn.h\|threads.h')
	for more in '' "$fortify"; do
		both "lib9thread.h c++17 $more" "$cxx" "-std=c++17 $inc ${CXXFLAGS:-} $more" cc 'lib9thread.h p9libc.h p9bio.h' "$cxxhdrs"
		both "plan9/thread.h c++17 $more" "$cxx" "-std=c++17 $p9inc ${CXXFLAGS:-} $more" cc 'u.h libc.h bio.h thread.h' "$cxxhdrs"
	done
else
	echo '# no C++ compiler'
fi

# each of ours by itself, and twice
for h in lib9thread.h p9bio.h p9libc.h u.h libc.h bio.h thread.h; do
	include $h $h >"$tmp/self.c"
	if compile "$h" "$cc" "-std=c11 -pedantic-errors $p9inc ${CFLAGS:-}" "$tmp/self.c"; then
		ok "$h by itself, -pedantic"
	else
		fail "$h by itself, -pedantic" "$tmp/err"
	fi
done

# send and recv: two arguments and four
cat >"$tmp/use" <<'!'
struct ops
{
	int	send;
	int	(*recv)(int);
	int	alt;
};
struct point
{
	int	x;
	int	y;
};
ssize_t l9sock(int fd, char *b, Channel *c, struct ops *o, Alt *a);
ssize_t
l9sock(int fd, char *b, Channel *c, struct ops *o, Alt *a)
{
	ssize_t (*f)(int, const void*, size_t, int) = send;
	int yield = 0;

	yield += send(c, b);
	yield += recv(c, b) + nbsend(c, b) + nbrecv(c, b) + sendp(c, b) + nbsendp(c, b);
	yield += sendul(c, recvul(c)) + nbsendul(c, nbrecvul(c)) + (recvp(c) == nbrecvp(c));
	yield += send(c, (recv(c, b) == 1? b: (char*)send));
	yield += send(c, (&(struct point){1, 2}));
	yield += (int)send(fd, b, (size_t)recv(fd, b, 1, 0), 0);
	yield += (int)send(fd, b, (size_t)send(c, b), recv(c, b));
	yield += (int)(send)(fd, b, 1, 0) + (o->recv)(1);
	o->send = alt(a) + o->alt + yield();
	return f(fd, b, 1, 0) + recv(fd, b, 1, 0) + yield;
}
!
for more in '' "$fortify"; do
	for order in before after; do
		case $order in
		before)	include sys/socket.h u.h libc.h thread.h;;
		after)	include u.h libc.h thread.h sys/socket.h;;
		esac >"$tmp/use.c"
		cat "$tmp/use" >>"$tmp/use.c"
		if compile use "$cc" "-std=gnu17 $p9inc ${CFLAGS:-} $more" "$tmp/use.c"; then
			ok "send and recv both ways, sys/socket.h $order $more"
		else
			fail "send and recv both ways, sys/socket.h $order $more" "$tmp/err"
		fi
	done
done
# and no other number
for call in 'send(c)' 'send(c, v, v)' 'recv(c)' 'recv(c, v, v)'; do
	{
		include u.h libc.h thread.h
		echo "int l9bad(Channel *c, void *v); int l9bad(Channel *c, void *v){ return v == nil? 0: $call; }"
	} >"$tmp/bad.c"
	if compile bad "$cc" "-std=gnu17 $p9inc ${CFLAGS:-}" "$tmp/bad.c"; then
		fail "$call is refused"
	else
		ok "$call is refused"
	fi
done

# macros: those with lib9thread.h against those without
include stdarg.h stddef.h stdint.h >"$tmp/base.c"
include stdarg.h stddef.h stdint.h lib9thread.h p9libc.h p9bio.h >"$tmp/with.c"
for f in base with; do
	$cc -std=gnu17 $inc ${CFLAGS:-} -E -dM "$tmp/$f.c" | sed 's/^#define \([A-Za-z0-9_]*\).*/\1/' | sort >"$tmp/$f"
done
comm -13 "$tmp/base" "$tmp/with" | grep -v '^L9\|^LIB9THREAD_H$\|^P9[A-Z]*_H$\|^[A-Z][a-z]*$\|^DM[A-Z]*$\|^RF[A-Z]*$' >"$tmp/err"
if [ -s "$tmp/err" ]; then
	fail 'lib9thread.h and p9*.h define no macro that might clash' "$tmp/err"
else
	ok 'lib9thread.h and p9*.h define no macro that might clash'
fi
# the short names of libc.h and thread.h: there, and not there
sed -n '/^#if !defined(NOPLAN9DEFINES)/,/^#endif/s/^#define \([a-z][a-z0-9]*\)(.*/\1/p' "$src"/include/plan9/*.h | sort >"$tmp/short"
include u.h libc.h bio.h thread.h >"$tmp/with.c"
$cc -std=gnu17 $p9inc ${CFLAGS:-} -E -dM "$tmp/with.c" | sed -n 's/^#define \([A-Za-z0-9_]*\)(.*/\1/p' | sort >"$tmp/with"
$cc -std=gnu17 $p9inc -DNOPLAN9DEFINES ${CFLAGS:-} -E -dM "$tmp/with.c" | sed 's/^#define \([A-Za-z0-9_]*\).*/\1/' | sort >"$tmp/without"
grep -qx print "$tmp/short" || echo 'no short names found' >"$tmp/missing"
comm -23 "$tmp/short" "$tmp/with" >>"$tmp/missing"
if [ -s "$tmp/missing" ]; then
	fail 'the short names are function-like macros' "$tmp/missing"
else
	ok 'the short names are function-like macros'
fi
# glibc has some of its own
$cc -std=gnu17 $p9inc ${CFLAGS:-} -E -dM -x c - <<! | sed 's/^#define \([A-Za-z0-9_]*\).*/\1/' | sort >"$tmp/base"
$(sed -n 's/^#include <\([a-z/]*\.h\)>/\1/p' "$src/include/plan9/libc.h" | grep -v p9libc | while read -r h; do include $h; done)
!
comm -12 "$tmp/short" "$tmp/without" | comm -23 - "$tmp/base" >"$tmp/err"
if [ -s "$tmp/err" ]; then
	fail 'NOPLAN9DEFINES leaves no short name' "$tmp/err"
else
	ok 'NOPLAN9DEFINES leaves no short name'
fi

echo "$npass passed, $nfail failed"
[ "$nfail" = 0 ]
