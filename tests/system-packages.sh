#!/bin/sh
# Installs the Debian packages the suite uses when run as root; otherwise names what is missing.
wanted=""
[ -x /usr/bin/chromium ] || wanted="$wanted chromium"
ldconfig -p 2>/dev/null | grep -q libatomic.so.1 || wanted="$wanted libatomic1"
[ -z "$wanted" ] && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  echo "Installing for the browser tests:$wanted"
  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $wanted; } >/dev/null 2>&1 && exit 0
  echo "That did not work; the browser tests will be skipped."
  exit 0
fi
echo "The browser tests are skipped. To run them, install:$wanted"
