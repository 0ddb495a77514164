#!/bin/sh
# What explore is worth: mutations.sh explore
#
# With the atomic operations of one function of the library done wrong (no longer
# in one step, seen too late, or not looked at), a schedule must fail, and fail again when its
# seed is given.
#
# Not here: l9chanshare:stale, which changes nothing.  Whoever finds the channel
# shared meanwhile shares it once more: it is so for good, and nobody waits in it
# unseen any more.  And l9enterslow:blind: two who stop one owner have to follow
# each other between two of its steps, and it then has to be in the middle of
# the very channel that the second takes; 3000 schedules do not come to that.
set -u
export LC_ALL=C

explore=${1:?usage: mutations.sh explore}
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
trap 'exit 1' HUP INT TERM

npass=0
nfail=0
# finds function:how what ... : the programs are enough to see it
finds() {
	mutation=$1
	what=$2
	shift 2
	"$explore" -m "$mutation" -n 3000 "$@" >"$tmp/out" 2>&1
	status=$?
	# the reproduction, as explore prints it
	again=$(sed -n 's/^	//p' "$tmp/out" | head -n 1)
	if [ $status != 0 ]; then
		echo "FAIL $mutation ($what): not found by $(tail -n 1 "$tmp/out")"
	elif ! $again >"$tmp/again" 2>&1; then
		echo "FAIL $mutation ($what): found, and not again by: $again"
	else
		npass=$((npass+1))
		echo "ok $mutation ($what): $(sed -n 's/^\([0-9]* schedules\).*/\1/p' "$tmp/out")"
		return
	fi
	nfail=$((nfail+1))
}

finds l9lock:split 'a lock that two can have' altalt
finds claim:split 'two partners can have one waiter' freewait wakend random
finds l9idle:split 'a proc parks without a second look at its inbox' random helpers
finds l9push:split 'a task is lost on the way to another proc' rendezvous random
finds threadint:split 'an interrupt overrules a partner' freewait intsend
finds threadkill:split 'a kill overrules a partner' lockkill killrecv freewait
finds mark:split 'a joiner marks a task that has ended' rendezvous joinexit
finds enterown:blind 'an owner does not see that it is stopped' ownedmany
finds l9stop:blind 'nobody waits until the owner is out of its section' ownedmany
finds l9barrier:late 'no fence for the owner: its mark is not seen yet' ownedmany
finds l9chanbegin:stale 'the owner does not look again at whose the channel is' ownedmany
finds beginown:blind 'the owner waits and does not look for an interrupt' ownedint
finds timerproc:late 'the timer proc looks again before it says until when it sleeps' random sleepint

echo "$npass passed, $nfail failed"
[ "$nfail" = 0 ]
