#!/bin/sh
# Makes the sample videos once, with Debian's ffmpeg: every aspect ratio and duration, with and without a watermark.
set -eu
cd "$(dirname "$0")"
mkdir -p videos
pictures=../../../examples/images
fox=96

make_one() { # width height seconds name mark
	mark="null"
	[ "$5" = marked ] && mark="drawbox=x=iw-70:y=ih-26:w=64:h=20:color=white@0.6:t=fill,drawbox=x=iw-64:y=ih-20:w=52:h=8:color=black@0.7:t=fill"
	# The fox of the examples jumps over their lake, and nobody shall take it for a video of Kling's.
	ffmpeg -nostdin -v error -y -loop 1 -framerate 8 -i "$pictures/place.jpg" -loop 1 -framerate 8 -i "$pictures/character.png" \
		-t "$3" -filter_complex "
			[0]scale=$1:$2:force_original_aspect_ratio=increase,crop=$1:$2,drawtext=text=SAMPLE:font=Sans:fontsize=14:fontcolor=white@0.8:x=8:y=8[lake];
			[1]crop=600:600:84:40,scale=$fox:$fox,format=rgba,geq=r='r(X,Y)':g='g(X,Y)':b='b(X,Y)':a='255*clip($fox/2-hypot(X-$fox/2,Y-$fox/2),0,1)'[fox];
			[lake][fox]overlay=x='(W-w)*t/$3':y='(H-h)*(0.8-0.5*abs(sin(PI*t)))',$mark[video]" \
		-map '[video]' -map_metadata -1 \
		-c:v libx264 -preset veryslow -crf 34 -pix_fmt yuv420p -g 1000 -movflags +faststart "videos/$4.mp4"
}

for seconds in 3 4 5 6 7 8 9 10 11 12 13 14 15; do
	for shape in 16x9:320:180 9x16:180:320 1x1:240:240; do
		name=${shape%%:*}; size=${shape#*:}
		make_one "${size%%:*}" "${size##*:}" "$seconds" "$name-${seconds}s" clean
		make_one "${size%%:*}" "${size##*:}" "$seconds" "$name-${seconds}s-marked" marked
	done
done
du -sh videos
