#!/bin/sh
# links.sh page ...: `page name' for each name that the page documents and
# that is not the page's own, for meson.build to link
for p; do
	page=$(basename "$p")
	sed -n '/^\.Sh NAME/,/^\.Nd/s/^\.Nm \([^ ]*\).*/\1/p' "$p" |
	grep -Fvx "${page%.*}" |
	sed "s/^/$page /"
done
