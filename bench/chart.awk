# chart.awk: the results of bench/run, a row a line as the programs write them
# with -j, to an SVG: bars of times and of memory, and lines of what grows.
# All scales are logarithmic.

# the text or number of key in s
function val(s, key,	t) {
	if(!match(s, "\"" key "\":(\"[^\"]*\"|[^,}]*)"))
		return ""
	t = substr(s, RSTART + length(key) + 3, RLENGTH - length(key) - 3)
	gsub(/"/, "", t)
	return t
}

function log10(v) {
	return log(v)/log(10)
}

# a power of ten
function tick(v, kind) {
	if(kind == "memory")
		return sprintf("%d B", v)
	return v < 1e3? sprintf("%d ns", v): v < 1e6? sprintf("%d µs", v/1e3): v < 1e9? sprintf("%d ms", v/1e6): sprintf("%d s", v/1e9)
}

# three digits, with a unit of time or of memory
function show(v, kind,	u) {
	if(kind == "memory")
		return sprintf("%.0f B", v)
	u = "ns"
	if(v >= 1e9) { v /= 1e9; u = "s" }
	else if(v >= 1e6) { v /= 1e6; u = "ms" }
	else if(v >= 1e3) { v /= 1e3; u = "µs" }
	return sprintf(v < 10? "%.2f %s": v < 100? "%.1f %s": "%.0f %s", v, u)
}

function esc(s) {
	gsub(/&/, "\\&amp;", s)
	gsub(/</, "\\&lt;", s)
	return s
}

function text(x, y, s, more) {
	out = out sprintf("<text x=\"%.1f\" y=\"%.1f\" %s>%s</text>\n", x, y, more, esc(s))
}

function line(x1, y1, x2, y2, more) {
	out = out sprintf("<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" %s/>\n", x1, y1, x2, y2, more)
}

function colour(name, i) {
	if(i == 1)
		return "#1f5fa8"
	if(name ~ /^Go,/)
		return "#8fd0a0"
	if(name ~ /^Go/)
		return "#2f9e4f"
	if(name ~ /^Boost/)
		return "#e08214"
	return i == 2? "#808080": "#c0c0c0"
}

# where v lies, from lo to hi
function scale(v, lo, hi, width) {
	if(v < lo)
		v = lo
	return (log10(v) - log10(lo))/(log10(hi) - log10(lo))*width
}

BEGIN {
	Left = 290; Width = 560; Right = 250; Bar = 11
}

/^\{"subject"/ {
	unit = val($0, "unit")
	split(unit, u, " ")
	mul = u[1] == "us"? 1e3: u[1] == "ms"? 1e6: 1
	kind = u[1] == "bytes"? "memory": "time"
	x = val($0, "x")
	n = split($0, part, /\{"name":/)
	if(x != "")
		kind = val($0, "subject") == "procs"? "procs": "growth"
	nrow[kind]++
	r = kind SUBSEP nrow[kind]
	name[r] = val($0, "name") (u[2] == "wall"? " (wall)": "")
	id[r] = val($0, "id")
	xs[r] = x
	nside[r] = 0
	for(i = 2; i <= n; i++){
		s = "\"name\":" part[i]
		if(val(s, "name") ~ /^at /)
			continue
		k = ++nside[r]
		side[r, k] = val(s, "name")
		v[r, k] = val(s, "median")*mul
	}
}

# vertical lines with their labels, powers of ten
function grid(lo, hi, top, bottom, kind,	t, x) {
	for(t = lo; t <= hi*1.01; t *= 10){
		x = Left + scale(t, lo, hi, Width)
		line(x, top, x, bottom, "stroke=\"#ddd\"")
		text(x, top - 4, tick(t, kind), "text-anchor=\"middle\" fill=\"#555\"")
	}
}

function bars(kind, lo, hi, title,	i, k, r, h, top, w, body) {
	if(nrow[kind] == 0)
		return
	text(10, y + 14, title, "font-weight=\"bold\" font-size=\"13\"")
	top = y + 38
	h = 0
	for(i = 1; i <= nrow[kind]; i++)
		h += nside[kind, i]*Bar + 8
	grid(lo, hi, top, top + h, kind)
	y = top + 4
	for(i = 1; i <= nrow[kind]; i++){
		r = kind SUBSEP i
		text(Left - 8, y + Bar - 2, name[r], "text-anchor=\"end\"")
		for(k = 1; k <= nside[r]; k++){
			w = scale(v[r, k], lo, hi, Width)
			if(w < 1)
				w = 1
			out = out sprintf("<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%d\" fill=\"%s\"/>\n",
				Left, y, w, Bar - 2, colour(side[r, k], k))
			text(Left + w + 4, y + Bar - 3, show(v[r, k], kind) "  " side[r, k], "fill=\"#333\" font-size=\"9\"")
			y += Bar
		}
		y += 8
	}
	y += 30
}

# a frame for lines: width and height, x from xlo to xhi, y from lo to hi
function frame(xlo, xhi, lo, hi, h, title, xname,	t, yy, x) {
	text(10, y + 14, title, "font-weight=\"bold\" font-size=\"13\"")
	top = y + 30
	for(t = lo; t <= hi*1.01; t *= 10){
		yy = top + h - scale(t, lo, hi, h)
		line(Left, yy, Left + Width, yy, "stroke=\"#ddd\"")
		text(Left - 8, yy + 3, tick(t, "time"), "text-anchor=\"end\" fill=\"#555\"")
	}
	text(Left + Width/2, top + h + 34, xname, "text-anchor=\"middle\" fill=\"#555\"")
	y = top + h + 60
}

# of a line in the frame
function point(x, xlo, xhi, v, lo, hi, h) {
	return sprintf("%.1f,%.1f ", Left + scale(x, xlo, xhi, Width), top + h - scale(v, lo, hi, h))
}

function polyline(points, c) {
	out = out "<polyline points=\"" points "\" fill=\"none\" stroke=\"" c "\" stroke-width=\"2\"/>\n"
}

function xtick(t, xlo, xhi, h,	x) {
	x = Left + scale(t, xlo, xhi, Width)
	line(x, top, x, top + h, "stroke=\"#eee\"")
	text(x, top + h + 16, sprintf("%d", t), "text-anchor=\"middle\" fill=\"#555\"")
}

function key(i, s, c,	yy) {
	yy = top + 6 + 15*i
	line(Left + Width + 14, yy, Left + Width + 34, yy, "stroke=\"" c "\" stroke-width=\"2\"")
	text(Left + Width + 40, yy + 3, s, "")
}

function growth(	i, k, r, ids, n, h, t, order, points, label, c) {
	if(nrow["growth"] == 0)
		return
	h = 300
	frame(10, 1e6, 1, 1000, h, "CPU time of an operation, by the number of tasks, channels or timers that there are", "tasks, channels or timers")
	for(t = 10; t <= 1e6; t *= 10)
		xtick(t, 10, 1e6, h)
	n = split("#1f5fa8 #e08214 #2f9e4f #c03028 #7b52ab #8c564b #d667b0 #606060 #a8a820", c, " ")
	for(i = 1; i <= nrow["growth"]; i++){
		r = "growth" SUBSEP i
		if(!(id[r] in points)){
			order[++k] = id[r]
			label[id[r]] = name[r]
			sub(/, [0-9,]*$/, "", label[id[r]])
		}
		points[id[r]] = points[id[r]] point(xs[r], 10, 1e6, v[r, 1], 1, 1000, h)
	}
	for(i = 1; i <= k; i++){
		polyline(points[order[i]], c[(i-1)%n + 1])
		key(i, label[order[i]], c[(i-1)%n + 1])
	}
}

function procs(	i, k, r, h, hi, points, order, n, c) {
	if(nrow["procs"] == 0)
		return
	h = 200
	hi = 1000
	frame(1, 8, 1, hi, h, "Time of a message among 1000 pairs of tasks, by the number of procs: throughput is its inverse", "procs (OS threads)")
	for(i = 1; i <= nrow["procs"]; i++){
		r = "procs" SUBSEP i
		xtick(xs[r], 1, 8, h)
		for(k = 1; k <= nside[r]; k++){
			if(!(side[r, k] in points)){
				order[++n] = side[r, k]
				c[n] = colour(side[r, k], k)
			}
			points[side[r, k]] = points[side[r, k]] point(xs[r], 1, 8, v[r, k], 1, hi, h)
		}
	}
	for(i = 1; i <= n; i++){
		polyline(points[order[i]], c[i])
		key(i, order[i], c[i])
	}
}

END {
	y = 10
	text(10, y + 14, "lib9thread: medians of " (runs == ""? "several": runs) " runs" (about == ""? "": "; " about), "font-size=\"14\"")
	y += 34
	bars("time", 1, 1e10, "Time of an operation, logarithmic: lib9thread, its baseline, others")
	bars("memory", 1, 1e5, "Memory of one of very many tasks, logarithmic")
	growth()
	procs()
	printf "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" font-family=\"sans-serif\" font-size=\"11\">\n", Left + Width + Right, y
	printf "<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n%s</svg>\n", out
}
