FROM --platform=linux/arm64 scratch
FROM --platform=$BUILDPLATFORM scratch AS b
