#!/bin/sh
# The same seeds, the same schedules: replay.sh explore
#
# In another process, with other addresses and another number of workers.
set -u
export LC_ALL=C

explore=${1:?usage: replay.sh explore}
one=$("$explore" -j 1 -n 10 -s 1000) || exit 1
two=$("$explore" -j 2 -n 10 -s 1000) || exit 1
three=$("$explore" -j 2 -n 10 -s 2000) || exit 1
echo "$one"
echo "$two"
[ "$one" = "$two" ] || exit 1
# and others, others
[ "$one" != "$three" ]
