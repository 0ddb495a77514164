#!/bin/sh
# The tree copier: pcp.sh pcp toolclient httpd meddle.so
set -u
prog=$(realpath "${1:?usage: pcp.sh pcp toolclient httpd meddle.so}")
meddle=$(realpath "${4:?usage: pcp.sh pcp toolclient httpd meddle.so}")
. "$(dirname "$0")/toolslib.sh"
pcp="$wrapper $prog"
cd "$tmp" || exit 1

# run arg ...: pcp into out, err and $status
run() {
	timeout -k 5 120 $pcp "$@" >out 2>err </dev/null
	status=$?
}
# meddled 'VARIABLE=value ...' arg ...: run, as meddle.c says
meddled() {
	set=$1
	shift
	timeout -k 5 120 $asuser env ASAN_OPTIONS="${ASAN_OPTIONS:-}:verify_asan_link_order=0" LD_PRELOAD="$meddle" $set \
		$wrapper "$prog" "$@" >out 2>err </dev/null
	status=$?
}
asuser=
# good name arg ...: it succeeds and complains of nothing
good() {
	name=$1
	shift
	run "$@"
	if [ $status = 0 ] && [ ! -s err ]; then
		ok "$name"
	else
		echo "status $status" >>err
		fail "$name" out err
	fi
}
# bad name text arg ...: status 1, and the text on fd 2
bad() {
	name=$1
	text=$2
	shift 2
	run "$@"
	if [ $status = 1 ] && grep -Fq -- "$text" err; then
		ok "$name"
	else
		echo "status $status" >>err
		fail "$name" out err
	fi
}
# says name text: the last run's summary
says() {
	if grep -Fq -- "$2" out; then
		ok "$1"
	else
		fail "$1" out err
	fi
}
# what there is below a folder: names, kinds, modes, owners, times of change, links, contents
list() {
	(
		cd "$1" || exit
		find . -printf '%p %y %m %U:%G %n %T@ %l\n' | sort
		find . -type f -exec cksum {} + | sort
	)
}
# same name a b: all that is the same
same() {
	{
		list "$2" >list.a
		list "$3" >list.b
		diff list.a list.b
	} >log 2>&1
	okempty "$1" log
}

# usage
bad 'no arguments' 'usage: pcp' 
bad 'one argument' 'usage: pcp' a
bad 'an unknown option' 'usage: pcp' -x a b
bad 'an unknown long option' 'usage: pcp' --frob a b
bad 'no workers' 'usage: pcp' -j 0 a b

# a tree of everything
mkdir -p t/a/b/c t/empty t/locked
echo hello >t/a/hello
: >t/none
head -c 3000000 /dev/urandom >t/a/b/large
head -c 300000 /dev/urandom >t/a/b/medium
i=0
while [ $i -lt 300 ]; do
	echo "file $i" >t/a/b/c/$i
	i=$((i+1))
done
ln t/a/hello t/hard
ln t/a/hello t/a/b/hard
ln -s nowhere t/dangling
ln -s a/hello t/soft
mkfifo t/fifo
truncate -s 20M t/holes
printf middle | dd of=t/holes bs=1 seek=5000000 conv=notrunc 2>/dev/null
truncate -s 5M t/onlyhole
touch t/blanks\ in\ it
chmod 4751 t/a/hello
chmod 555 t/locked
chmod 0 t/none
touch -d '2001-02-03 04:05:06.789' t/a/b/medium t/a/b
good 'a tree' t copy
says 'it is counted' '312 files, '
same 'it is the same' t copy
[ t/a/hello -ef t/hard ] && [ copy/a/hello -ef copy/hard ] && [ copy/a/hello -ef copy/a/b/hard ] && ok 'hard links are kept' ||
	fail 'hard links are kept'
n=$(du -sk copy/holes copy/onlyhole | awk '{n += $1} END {print n}')
if [ "$(du -sk t/holes | cut -f1)" -gt 1000 ]; then
	skip 'holes: not on this file system'
elif [ "$n" -lt 1000 ]; then
	ok 'holes are kept'
else
	fail "holes are kept: $n KB"
fi
# a name with more than one line
mkdir lines
printf x >'lines/two
lines'
good 'a name of two lines' lines lines2
[ "$(cat 'lines2/two
lines')" = x ] && ok 'it is there' || fail 'it is there'

# one worker, many; compared at once
for j in 1 3 64; do
	good "-j $j --verify" --verify -j $j t copy$j
	same "-j $j: the same" t copy$j
done
run -q t copy.q
[ $status = 0 ] && [ ! -s out ] && [ ! -s err ] && ok '-q says nothing' || fail '-q says nothing' out err

# where things go
good 'a file to a file' t/a/hello one
expect 'it is there' cmp t/a/hello one
mkdir into
good 'into a folder' t/a/hello t/a into
expect 'a file there' cmp t/a/hello into/hello
same 'and a tree' t/a into/a
good 'what is in a folder, to a folder that is there' t/a/b/. into
expect 'its files are there' cmp t/a/b/medium into/medium
bad 'several need a folder' 'one: not a directory' t/a t/soft one
bad 'two files to one place' 'into/hello: more than one goes there' t/a/hello copy/a/hello into
bad 'two trees to one place' 'into/: more than one goes there' t/a copy/a/. into
ln -s into intolink
good 'to a link to a folder' t/a/b/c/. intolink
expect 'its files are there' cmp t/a/b/c/7 into/7
bad 'what is not there' 'nothing: stat: No such file or directory' t/a/hello nothing into
bad 'a place that is not there' 'mkdir: No such file or directory' t/a no/such/place
grep -q ', 1 error$' out && ok 'it is counted' || fail 'it is counted' out err

# what must not be
bad 'a tree into itself' 'not into itself' t t/a/new
bad 'a tree onto itself' 'not into itself' t/. t
[ ! -e t/a/new ] && ok 'nothing was made there' || fail 'nothing was made there'
ln -s t/a aside
bad 'a tree into itself, by a link' 'not into itself' t aside/../new
[ ! -e t/new ] && ok 'nothing was made there' || fail 'nothing was made there'
rm aside
for f in dangling fifo; do
	bad "$f onto itself" ": is the same file" t/$f t
done
bad 'a file onto itself' 'is the same file' t/a/hello t/hard
[ "$(cat t/a/hello)" = hello ] && ok 'it is as it was' || fail 'it is as it was'

# in the way
mkdir way way/d
ln -s nowhere way/link
echo longer than the other >way/file
mkdir src
echo new >src/link
echo new >src/file
echo new >src/d
bad 'a folder is in the way' 'way/d: create: Is a directory' src/. way
[ "$(cat way/link)" = new ] && [ ! -L way/link ] && ok 'a link in the way goes' || fail 'a link in the way goes'
[ "$(cat way/file)" = new ] && ok 'a file is written over' || fail 'a file is written over'
# what was one file, and is two now
mkdir two
echo old >two/a
ln two/a two/b
good 'a file of two names' two two2
rm two/a
echo newer >two/a
good 'resume when it is two files' --resume --verify two/. two2
[ "$(cat two2/a two2/b)" = "$(printf 'newer\nold')" ] && ok 'the copy is two files, too' || fail 'the copy is two files, too'
good 'a file of two names again' two two3
ln -f two3/a two3/b
truncate -s 2 two3/a
touch -r two/a two3/a
good 'a part of two names' --resume --verify two/. two3
same 'is not gone on with' two two3

# unreadable: not for root, who reads all
drop=
if [ "$(id -u)" = 0 ] && has setpriv; then
	drop='setpriv --reuid=65534 --regid=65534 --clear-groups'
	chmod 755 "$tmp"
fi
if [ "$(id -u)" != 0 ] || $drop test -x "$prog" 2>/dev/null; then
	mkdir -m 777 forall
	mkdir sealed sealed/dark
	echo a >sealed/1
	echo b >sealed/2
	chmod 0 sealed/1 sealed/dark
	pcp="$drop $wrapper $prog"
	bad 'an unreadable file' 'sealed/1: open: Permission denied' sealed forall/x
	expect 'and a folder' grep -Fq 'sealed/dark: open: Permission denied' err
	says 'both are counted' '1 files, 2 B in'
	says 'as errors' '2 errors'
	expect 'the others are copied' cmp sealed/2 forall/x/2
	# files of somebody else, as far as they can be had
	if [ -n "$drop" ]; then
		chmod 644 sealed/1
		chmod 4755 sealed/2
		chmod 755 sealed/dark
		good "somebody else's files" sealed forall/y
		[ "$(stat -c '%u %a' forall/y/2)" = '65534 755' ] &&
			ok 'belong to the one who copies, without their set-user bit' ||
			fail 'belong to the one who copies, without their set-user bit'
	fi
	# few OS threads: all is copied, or it says why not
	if [ -n "$drop" ] && has prlimit; then
		for n in 1 2 3 4 5 6 7 8 9 10 12; do
			rm -rf forall/z
			timeout -k 5 120 $drop prlimit --nproc=$n $wrapper $prog sealed/. forall/z >out 2>err </dev/null
			status=$?
			if [ $status = 0 ]; then
				cmp sealed/2 forall/z/2
			elif [ ! -s err ]; then
				echo "$n: status $status, and not a word"
			fi
		done >log 2>&1
		okempty 'few OS threads' log
	fi
	# what may not be written, but may be replaced
	mkdir -m 777 forall/over
	echo mine >sealed/1
	chmod 444 sealed/1
	good 'a file that may not be written' sealed/1 forall/over
	touch -d yesterday forall/over/1
	good 'is replaced' sealed/1 forall/over
	expect 'it is the new one' cmp sealed/1 forall/over/1
	head -c 100000000 /dev/zero | tr '\0' x >sealed/long
	chmod 444 sealed/long
	asuser=$drop
	meddled 'MEDDLE=copy_file_range,pwrite MEDDLENTH=6 MEDDLEERR=ENOSPC' sealed/long forall/over
	expect 'a part of it is kept' grep -Fq 'forall/over/long: kept: ' err
	before=$(stat -c %i forall/over/long)
	good 'and resumed' --resume --verify sealed/long forall/over
	[ "$(stat -c '%i %a' forall/over/long)" = "$before 444" ] && ok 'in its place' || fail 'in its place'
	rm -rf sealed/long forall/over
	mkdir -p stair/a/b
	echo 1 >stair/1
	echo 1 >stair/a/b/1
	chmod 555 stair/a/b stair/a stair
	for call in mkdir,2 mkdir,3; do
		chmod -R u+w forall/stair 2>/dev/null
		rm -rf forall/stair
		meddled "MEDDLE=${call%,*} MEDDLENTH=${call#*,} MEDDLEINT=yes" stair forall/stair
		[ $status = 1 ] || { echo "$call: status $status"; cat out err; }
		$pcp --resume stair/. forall/stair >out 2>err || { echo "$call"; cat out err; }
		[ "$(stat -c %a stair stair/a stair/a/b)" = "$(stat -c %a forall/stair forall/stair/a forall/stair/a/b)" ] || echo "$call: modes"
		diff -r stair forall/stair
	done >log 2>&1
	okempty 'folders that may not be written: resume' log
	chmod -R u+w forall
	rm -rf forall/stair
	chmod 0 stair/a/b/1
	bad 'an unreadable file in one' 'stair/a/b/1: open: Permission denied' stair forall/stair
	chmod 644 stair/a/b/1
	good 'resume when it is readable' --resume stair/. forall/stair
	[ "$(stat -c %a forall/stair/a/b forall/stair/a/b/1)" = "$(stat -c %a stair/a/b stair/a/b/1)" ] && ok 'it is complete' || fail 'it is complete'
	chmod -R u+w stair forall
	asuser=
	pcp="$wrapper $prog"
	chmod 755 sealed/dark
else
	skip 'unreadable files: no setpriv'
fi
if [ "$(id -u)" = 0 ]; then
	mkdir owned
	echo x >owned/f
	ln -s f owned/l
	chmod 2750 owned/f
	if chown -h 1234:567 owned owned/f owned/l 2>/dev/null; then
		good 'owners' owned owned2
		same 'are kept by root' owned owned2
		# the source is root's: so is the copy
		mkdir roots roots2
		for f in new old; do
			echo $f >roots/$f
			chmod 600 roots/$f
		done
		echo longer >roots2/old
		chown 1234:567 roots2 roots2/old
		chmod 2775 roots2
		good "root's own" roots/new roots/old roots2
		[ "$(stat -c '%u:%g %a' roots2/new roots2/old)" = "$(stat -c '%u:%g %a' roots/new roots/old)" ] &&
			ok 'in the place of what others have' || fail 'in the place of what others have'
	fi
fi

# going on
echo changed >t/a/b/c/7
rm copy/a/b/c/8
good 'resume' --resume t/. copy
says 'what is complete is left' '305 complete before'
same 'resume: the same' t copy
# a part: as long as it is shorter and has the time of the source
head -c 2000000 t/a/b/large >part
touch -r t/a/b/large part
good 'resume with a part' --resume --verify t/a/b/large part
expect 'it is whole' cmp t/a/b/large part
# which is not looked into, but for --verify
{ echo wrong; head -c 2000000 t/a/b/large | tail -c +7; } >part
touch -r t/a/b/large part
bad 'a part that is wrong' 'verify: is not what t/a/b/large is' --resume --verify t/a/b/large part
good 'is copied again without --resume' --verify t/a/b/large part
# a file of another time is no part
head -c 2000000 /dev/zero >part
good 'resume with another file' --resume --verify t/a/b/large part

# a name that would do something to a terminal
esc=$(printf 'e\033[7m\377')
mkdir odd odd2
echo one >"odd/$esc"
echo two >"odd2/$esc"
touch -r "odd/$esc" "odd2/$esc"
bad 'an odd name' 'e\033[7m' --resume --verify odd/. odd2
grep -q "$(printf '\033')" err && fail 'is told by numbers' err || ok 'is told by numbers'

# a difference that size and time do not show
cp -p copy/a/b/medium other
printf X | dd of=copy/a/b/medium bs=1 seek=150000 conv=notrunc 2>/dev/null
touch -r t/a/b/medium copy/a/b/medium
good 'resume alone does not see it' --resume t/. copy
bad 'verify does' 'copy/a/b/medium: verify: is not what' --resume --verify t/. copy
good 'the time is put back' t/. copy
same 'the same again' t copy

# spin command ...: until it succeeds, without a pause
spin() {
	n=0
	until "$@" || [ $n = 1000000 ]; do
		n=$((n+1))
	done
}
# interrupted name to arg ...: pcp, when there is something at to; what is told then
interrupted() {
	name=$1
	to=$2
	shift 2
	$pcp "$@" >out 2>err </dev/null &
	pid=$!
	started="$started $pid"
	spin test -s "$to"
	kill -$sig $pid 2>/dev/null
	kill -$sig $pid 2>/dev/null
	wait $pid
	status=$?
	started=
	{
		grep -vx -e 'pcp: interrupted' -e "pcp: $to: kept: [0-9]* of [0-9]* bytes: --resume goes on" err
		# it may have been quicker: then all is there
		if [ $status != 0 ]; then
			[ $status = 1 ] || echo "status $status"
			[ "$(grep -cx 'pcp: interrupted' err)" = 1 ] || echo 'not told once'
			grep -Eqx '[0-9]+ files, [0-9.]+ [KMG]?B in [0-9.]+ s; not finished(, at least [0-9]+ left)?: pcp --resume( .*)? goes on' out || cat out
		elif [ "$(grep -cx 'pcp: interrupted' err)" -gt 1 ] || grep -Fq ';' out; then
			cat err out
		fi
	} >log
	okempty "$name: told once, no error" log
}
mkdir many
head -c 200000000 /dev/zero | tr '\0' x >long
seq 5000 | sed 's/^/many\//' | xargs touch
for sig in INT TERM; do
	rm -rf long2 many2
	interrupted "SIG$sig, a file" long2 long long2
	good "resume after SIG$sig" --resume --verify long long2
	interrupted "SIG$sig, a tree" many2 many many2
	good "resume the tree after SIG$sig" --resume many/. many2
	same "the same after SIG$sig" many many2
done
rm -rf long long2 many many2

# What is a matter of luck, made to happen

# An interrupt that is heard in the n-th call, for each n.  If it says that it has not finished, that
# is so, and it can go on; else all is there
mkdir -p luck/a/e
echo 1 >luck/1
echo 2 >luck/a/2
ln luck/1 luck/a/hard
head -c 3000000 /dev/urandom >luck/a/large
list luck >luck.list
# with ThreadSanitizer a start takes seconds
step=1
[ -z "${TSAN_OPTIONS:-}" ] || step=7
n=1
while :; do
	rm -rf luck2
	meddled "MEDDLE=any MEDDLEINT=yes MEDDLENTH=$n" luck luck2
	grep -qx 'pcp: interrupted' err || break
	list luck2 2>&1 | cmp -s luck.list - && there=yes || there=no
	case $status,$there,$(cat out) in
	'0,yes,4 files, 3.0 MB in '*\;*|'1,yes,'*)	echo "$n: all is there"; cat out err;;
	'0,yes,4 files, 3.0 MB in '*)	;;
	'1,no,'*'; not finished'*' goes on')
		$pcp --resume luck/. luck2 >out 2>err
		list luck2 | cmp luck.list - || { echo "$n: not resumed"; cat out err; }
		;;
	*)	echo "$n: status $status, there: $there"; cat out err;;
	esac
	n=$((n+step))
done >log 2>&1
[ $status = 0 ] && [ $n -gt 30 ] || echo "$n calls, the last one without an interrupt: status $status" >>log
okempty 'an interrupt in each call' log
# the last folder is empty: nothing is left out
mkdir -p bare/e
meddled 'MEDDLE=mkdir MEDDLENAME=/e MEDDLEINT=yes' bare bare2
[ $status = 0 ] && grep -qx 'pcp: interrupted' err && ! grep -q ';' out && ok 'an interrupt before an empty folder' ||
	fail 'an interrupt before an empty folder' out err
# while a long file is compared
printf '#!/bin/sh\nsleep 0.2\n' >happens
chmod 755 happens
head -c 100000000 /dev/zero | tr '\0' x >long
good 'a long file' long long2
meddled 'MEDDLE=pread MEDDLEINT=yes MEDDLERUN=./happens' --resume --verify long long2
[ $status = 1 ] && grep -q 'not finished' out && ok 'an interrupt while it compares' ||
	fail 'an interrupt while it compares' out err

# Where each file fails, the first is told.  onlyfirst name error number-of-files
onlyfirst() {
	if [ $status = 1 ] && [ "$(wc -l <err)" = 1 ] && grep -Fq "$2" err &&
		grep -Eq "^$3 files, .*, 1 error; not finished(, at least [0-9]+ left)?: pcp --resume many/\. many2 goes on$" out; then
		ok "$1"
	else
		echo "status $status" >>err
		fail "$1" out err
	fi
}
mkdir many
i=0
while [ $i -lt 1000 ]; do
	echo $i >many/$i
	i=$((i+1))
done
# what libc calls it: Disk quota exceeded, Quota exceeded
for e in ENOSPC,'No space left on device' EDQUOT,'uota exceeded'; do
	rm -rf many2
	meddled "MEDDLE=pwrite MEDDLEERR=${e%,*} MEDDLENTH=301" many many2
	onlyfirst "${e%,*}: the first of 700 is told" "${e#*,}" 300
	says 'and how many of those found are left' 'left: pcp'
	[ "$(find many2 -type f | wc -l)" = 300 ] && [ -z "$(find many2 -size 0)" ] && ok 'none is left half copied' ||
		fail 'none is left half copied'
	good 'resume' --resume many/. many2
	says 'those that were complete are left' '300 complete before'
done
rm -rf many2
meddled 'MEDDLE=mkdir MEDDLEERR=EROFS' many many2
onlyfirst 'EROFS' 'many2: mkdir: Read-only file system' 0
# a link is copied as such, also the next time
ln -s many linked
meddled 'MEDDLE=symlink MEDDLEERR=EROFS' linked linked2
[ $status = 1 ] && grep -q 'pcp --resume goes on' out && ok 'EROFS, a link to a folder' || fail 'EROFS, a link to a folder' out err
rm -rf many many2
# what is told late
rm -rf luck2
meddled 'MEDDLE=close MEDDLENAME=luck2/1 MEDDLEERR=EDQUOT' luck luck2
[ $status = 1 ] && grep -q 'luck2/1: close: .*uota exceeded' err && [ ! -e luck2/1 ] && ok 'a file that cannot be closed goes' ||
	fail 'a file that cannot be closed goes' out err
# what could not be set is not forgotten
echo x >suid
chmod 4755 suid
meddled 'MEDDLE=fchmod MEDDLEERR=EPERM' suid suid2
[ $status = 1 ] && grep -Fq 'suid2: chmod: Operation not permitted' err && ok 'a mode that cannot be set' ||
	fail 'a mode that cannot be set' out err
good 'resume' --resume suid suid2
[ "$(stat -c '%a %Y' suid)" = "$(stat -c '%a %Y' suid2)" ] && ok 'it is set then' || fail 'it is set then'
if [ "$(id -u)" = 0 ] && chown 1234:567 suid 2>/dev/null; then
	rm suid2
	meddled 'MEDDLE=fchown MEDDLEERR=EPERM' suid suid2
	[ $status = 1 ] && grep -Fq 'suid2: chown: Operation not permitted' err && ok 'an owner that cannot be set' ||
		fail 'an owner that cannot be set' out err
	good 'resume' --resume suid suid2
	[ "$(stat -c '%u:%g %Y' suid)" = "$(stat -c '%u:%g %Y' suid2)" ] && ok 'it is set then' || fail 'it is set then'
	mkdir given
	for f in 1 2 3; do
		echo $f >given/$f
		chown 1234:567 given/$f
	done
	meddled 'MEDDLE=fchown MEDDLENAME=given2/2 MEDDLEERR=EDQUOT' given given2
	[ $status = 1 ] && [ "$(wc -l <err)" = 1 ] && grep -qx 'pcp: given2/2: chown: .*uota exceeded' err && grep -q '2 files, .*, 1 error$' out &&
		diff -r given given2 >log 2>&1 && ok 'no quota for an owner: the others are copied' ||
		fail 'no quota for an owner: the others are copied' out err log
fi

# What others may do with a file while it is written.  private name seen from to: owner, group and mode then
private() {
	rm -f seen
	printf '#!/bin/sh\nstat -c "%%u:%%g %%a" %s >seen\n' "$4" >happens
	chmod 755 happens
	meddled "MEDDLE=pwrite MEDDLENAME=$4 MEDDLERUN=./happens" "$3" "$4"
	if [ $status = 0 ] && [ "$(cat seen)" = "$2" ] && [ "$(stat -c %a "$3")" = "$(stat -c %a "$4")" ]; then
		ok "$1"
	else
		echo "status $status" >>err
		fail "$1" seen err
	fi
}
echo mine >secret
chmod 600 secret
echo older >secret2
chmod 666 secret2
before=$(stat -c %i secret2)
private 'a secret, where all could read' "$(id -u):$(stat -c %g secret2) 600" secret secret2
[ "$(stat -c %i secret2)" = "$before" ] && ok 'is written over' || fail 'is written over'
mkdir shared
if [ "$(id -u)" = 0 ] && chown 0:567 shared 2>/dev/null; then
	chmod 2775 shared
	chown 1234:0 secret2
	private 'in the place of a file of somebody else' "0:$(stat -c %g .) 600" secret secret2
	chmod 640 secret
	private 'in a folder of another group' '0:567 600' secret shared/new
	chgrp 567 shared/new
	private 'over a file of another group' '0:567 600' secret shared/new
	[ "$(stat -c '%u:%g %a' shared/new)" = "$(stat -c '%u:%g %a' secret)" ] && ok 'it is as its source' || fail 'it is as its source'
	head -c 100000000 /dev/zero | tr '\0' x >secret
	meddled 'MEDDLE=copy_file_range,pwrite MEDDLENTH=6 MEDDLEERR=EIO' secret shared/part
	[ "$(stat -c '%u:%g %a' shared/part)" = '0:567 600' ] && ok 'and a part' || fail 'and a part' out err
	chmod 644 secret
	echo x >secret
	private 'what all may read' '0:567 644' secret shared/open
fi

# a part begins with what was written; what is only a hole is none
truncate -s 5M onlyhole
printf x >>onlyhole
if [ "$(du -sk onlyhole | cut -f1)" -gt 1000 ]; then
	skip 'parts with holes: not on this file system'
else
	meddled 'MEDDLE=copy_file_range,pwrite MEDDLEERR=EIO' onlyhole onlyhole2
	[ $status = 1 ] && [ "$(wc -l <err)" = 1 ] && grep -q '^pcp: onlyhole2: write: I.* error$' err && [ ! -e onlyhole2 ] &&
		ok 'a hole is no part' || fail 'a hole is no part' out err
	for i in 0 1 2 3 4 5; do
		dd if=/dev/urandom of=holes bs=1M count=1 seek=$((4*i)) conv=notrunc 2>/dev/null
	done
	truncate -s 25M holes
	printf x >>holes
	meddled 'MEDDLE=copy_file_range,pwrite MEDDLENTH=6 MEDDLEERR=EIO' holes holes2
	grep -Fqx "pcp: holes2: kept: $(stat -c %s holes2) of 26214401 bytes: --resume goes on" err &&
		ok 'a part before a hole' || fail 'a part before a hole' out err
	good 'resume' --resume --verify holes holes2
fi

# Somebody else changes what is copied.  changed name 'VARIABLE=value ...' command text: it says so, and copies the rest
changed() {
	rm -rf moving moving2
	mkdir -p moving/d moving2
	echo 1 >moving/1
	echo 2 >moving/2
	echo 3 >moving/d/3
	echo old >moving2/2
	printf '#!/bin/sh\n%s\n' "$3" >happens
	meddled "$2 MEDDLERUN=./happens" moving/. moving2
	if [ $status = 1 ] && grep -Fq "$4" err && [ "$(wc -l <err)" = 1 ] && cmp -s moving/1 moving2/1; then
		ok "$1"
	else
		echo "status $status" >>err
		fail "$1" out err
	fi
}
first='MEDDLE=open MEDDLENAME=moving/./2'
changed 'a file vanishes' "$first" 'rm moving/2' 'moving/./2: open: No such file or directory'
changed 'a file becomes a fifo' "$first" 'rm moving/2; mkfifo moving/2' 'moving/./2: open: is no file any more'
changed 'a file becomes a link' "$first" 'rm moving/2; ln -s 1 moving/2' 'moving/./2: open: '
changed 'a file becomes a folder' "$first" 'rm moving/2; mkdir moving/2' 'moving/./2: open: is no file any more'
changed 'a folder vanishes' 'MEDDLE=mkdir MEDDLENAME=/d' 'rm -r moving/d' 'moving/./d: open: No such file or directory'
changed 'a folder becomes a link' 'MEDDLE=mkdir MEDDLENAME=/d' 'mv moving/d moved; ln -s ../moved moving/d' 'moving/./d: open: '
[ ! -e moving2/d/3 ] && ok 'which is not followed' || fail 'which is not followed'
changed 'the copy becomes a fifo' 'MEDDLE=open MEDDLENAME=moving2/2 MEDDLENTH=2' 'rm moving2/2; mkfifo moving2/2' 'moving2/2: create: '
rm -rf moving moving2 moved

# all calls fail from one of them on: it ends, says so, and goes on when all is well again
n=1
while :; do
	rm -rf luck2
	meddled "MEDDLE=any MEDDLEERR=EIO MEDDLENTH=$n" luck luck2
	[ $status != 0 ] || break
	[ $status = 1 ] && [ -s err ] && grep -q 'error' out || { echo "$n: status $status"; cat out err; }
	$pcp --resume luck/. luck2 >out 2>err
	list luck2 | cmp luck.list - || { echo "$n: not resumed"; cat out err; }
	n=$((n+3*step))
done >log 2>&1
[ $n -gt 30 ] || echo "$n calls" >>log
okempty 'all calls fail from one of them on' log
rm -rf luck luck2

# a file system that is full
mkdir full
if mount -t tmpfs -o size=4m none full 2>/dev/null; then
	mounted=$tmp/full
	mkdir big
	head -c 6000000 /dev/urandom >big/x
	bad 'a full file system' 'No space left on device' big full/big
	says 'it says how to go on' 'not finished, at least 1 left: pcp --resume big/. full/big goes on'
	expect 'and what it kept' grep -Fq 'full/big/x: kept: ' err
	mount -o remount,size=16m full
	good 'resume where there is room' --resume --verify big/. full/big
	same 'the whole is there' big full/big
	umount full
	mount -t tmpfs -o size=1m none full
	rm -rf big
	mkdir big
	i=0
	while [ $i -lt 30 ]; do
		head -c 100000 /dev/urandom >big/$i
		i=$((i+1))
	done
	bad 'full with small files' 'No space left on device' big full/big
	[ "$(wc -l <err)" = 1 ] && ok 'the first is told' || fail 'the first is told' out err
	mount -o remount,ro full
	bad 'a file system that is read-only' 'Read-only file system' big/. full/big
	[ "$(wc -l <err)" = 1 ] && grep -q ', 1 error; not finished, at least [0-9]* left' out &&
		ok 'the first is told' || fail 'the first is told' out err
	mount -o remount,rw full
	find full/big -type f | while read -r f; do
		cmp "$f" "big/${f##*/}"
	done >log 2>&1
	okempty 'only whole files are left' log
	mount -o remount,size=16m full
	good 'small files: resume' --resume --verify big/. full/big
	same 'small files: the same' big full/big
	umount full
	mkdir -p mid/a mid2/a
	for f in 1 2 3; do
		echo $f >mid/a/$f
		echo $f >mid/$f
	done
	mount -t tmpfs -o ro none mid2/a
	mounted=$tmp/mid2/a
	bad 'a read-only file system below' 'mid2/a/2: create: Read-only file system' mid/. mid2
	says 'the others are copied' '3 files, '
	cmp mid/1 mid2/1 && cmp mid/2 mid2/2 && cmp mid/3 mid2/3 && ! grep -q finished out && ok 'they are there' || fail 'they are there' out err
	[ "$(grep -c 'mid2/a/.: create: ' err)" = 3 ] && ok 'each error is told' || fail 'each error is told' out err
	ln -s mid2/a midlink
	bad 'the same, by a link to it' 'create: Read-only file system' mid/a/. midlink
	[ "$(wc -l <err)" = 1 ] && ok 'the first is told' || fail 'the first is told' out err
	umount mid2/a
	mounted=
else
	skip 'a full file system: mount is not permitted'
fi

# on a terminal
if has script; then
	script -qec "$pcp t tty" typescript >/dev/null 2>&1 </dev/null
	expect 'a bar on a terminal' grep -q '\[[#-]*\].*of.*files' typescript
	same 'on a terminal: the same' t tty
else
	skip 'a terminal: no script'
fi
chmod -R u+rwx .
total
