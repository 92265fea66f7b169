#!/bin/sh
# Makes the MP4 samples again: two seconds, 180 x 320, with sound; index last, index first, in fragments.
set -e
cd "$(dirname "$0")"
ffmpeg -v error -y -f lavfi -i color=teal:size=180x320:rate=5:duration=2 \
	-f lavfi -i sine=duration=2:sample_rate=8000 -map_metadata -1 -fflags +bitexact -flags +bitexact \
	-c:v libx264 -preset veryslow -crf 50 -c:a aac -b:a 8k index-last.mp4
ffmpeg -v error -y -i index-last.mp4 -fflags +bitexact -c copy -movflags +faststart index-first.mp4
ffmpeg -v error -y -i index-last.mp4 -fflags +bitexact -c copy \
	-movflags frag_keyframe+empty_moov+default_base_moof fragmented.mp4
