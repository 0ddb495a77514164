#!/bin/sh
# The tree copier: pcp.sh pcp
set -u
prog=$(realpath "${1:?usage: pcp.sh pcp}")
. "$(dirname "$0")/toolslib.sh"
pcp="$wrapper $prog"
cd "$tmp" || exit 1

# run arg ...: pcp into out, err and $status
run() {
	timeout 120 $pcp "$@" >out 2>err </dev/null
	status=$?
}
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
bad 'what is not there' 'nothing: stat: No such file or directory' t/a/hello nothing into
bad 'a place that is not there' 'mkdir: No such file or directory' t/a no/such/place
grep -q ', 1 error$' out && ok 'it is counted' || fail 'it is counted' out err

# what must not be
bad 'a tree into itself' 'not into itself' t t/a/new
bad 'a tree onto itself' 'not into itself' t/. t
[ ! -e t/a/new ] && ok 'nothing was made there' || fail 'nothing was made there'
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
			timeout 120 $drop prlimit --nproc=$n $wrapper $prog sealed/. forall/z >out 2>err </dev/null
			status=$?
			if [ $status = 0 ]; then
				cmp sealed/2 forall/z/2
			elif [ ! -s err ]; then
				echo "$n: status $status, and not a word"
			fi
		done >log 2>&1
		okempty 'few OS threads' log
	fi
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
			grep -Eqx '[0-9]+ files, [0-9.]+ [KMG]?B in [0-9.]+ s; not finished: pcp --resume( .*)? goes on' out || cat out
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

# a file system that is full
mkdir full
if mount -t tmpfs -o size=4m none full 2>/dev/null; then
	mounted=$tmp/full
	mkdir big
	head -c 6000000 /dev/urandom >big/x
	bad 'a full file system' 'No space left on device' big full/big
	says 'it says how to go on' 'not finished: pcp --resume big/. full/big goes on'
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
	find full/big -type f | while read -r f; do
		cmp "$f" "big/${f##*/}"
	done >log 2>&1
	okempty 'only whole files are left' log
	mount -o remount,size=16m full
	good 'small files: resume' --resume --verify big/. full/big
	same 'small files: the same' big full/big
	umount full
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
