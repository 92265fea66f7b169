#!/bin/sh
# Makes the sample videos once, with Debian's ffmpeg: every aspect ratio and duration, with and without a watermark.
set -eu
cd "$(dirname "$0")"
mkdir -p videos

make_one() { # width height seconds name mark
	mark="null"
	[ "$5" = marked ] && mark="drawbox=x=iw-70:y=ih-26:w=64:h=20:color=white@0.6:t=fill,drawbox=x=iw-64:y=ih-20:w=52:h=8:color=black@0.7:t=fill"
	ffmpeg -nostdin -v error -y -f lavfi -i "testsrc=size=$1x$2:rate=4" -t "$3" -vf "$mark" -map_metadata -1 \
		-c:v libx264 -preset veryslow -crf 38 -pix_fmt yuv420p -g 1000 -movflags +faststart "videos/$4.mp4"
}

for seconds in 3 4 5 6 7 8 9 10 11 12 13 14 15; do
	for shape in 16x9:320:180 9x16:180:320 1x1:240:240; do
		name=${shape%%:*}; size=${shape#*:}
		make_one "${size%%:*}" "${size##*:}" "$seconds" "$name-${seconds}s" clean
		make_one "${size%%:*}" "${size##*:}" "$seconds" "$name-${seconds}s-marked" marked
	done
done
du -sh videos
