#!/bin/sh
# Installs the Debian packages the suite uses when run as root; otherwise names what is missing.
wanted=""
[ -x /usr/bin/chromium ] || wanted="$wanted chromium"
ldconfig -p 2>/dev/null | grep -q libatomic.so.1 || wanted="$wanted libatomic1"
ldconfig -p 2>/dev/null | grep -q libpangoft2-1.0.so.0 || wanted="$wanted libpango-1.0-0 libpangoft2-1.0-0 fonts-dejavu-core"
[ -z "$wanted" ] && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  echo "Installing for the tests of pages and PDF files:$wanted"
  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $wanted; } >/dev/null 2>&1 && exit 0
  echo "That did not work; the tests that need them will be skipped."
  exit 0
fi
echo "Tests that need them are skipped. To run them, install:$wanted"
