// Starts a server beside itself, asks it, writes the answers down, ends it. Runs in the sandbox, by Node 18 or later.
//
// node ask.cjs PLAN OUT: PLAN is JSON, {server, cwd, ready_s, request_s, asks: [{path, headers}]}. OUT is a directory:
// answers.json gets one object for each request, N.body the bytes of answer N. Ends with 0 when every request had its
// turn, whatever was answered; with 3 where the server did not start, and says why on stderr.
'use strict'
const { spawn } = require('node:child_process')
const fs = require('node:fs')
const http = require('node:http')
const net = require('node:net')
const path = require('node:path')

const MOST_BYTES = 64 * 1024 * 1024
const plan = JSON.parse(fs.readFileSync(process.argv[2], 'utf8'))
const out = process.argv[3]
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

function freePort() {
  return new Promise((resolve, reject) => {
    const probe = net.createServer()
    probe.once('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address()
      probe.close(() => resolve(port))
    })
  })
}

function answers(port) {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1')
    socket.once('connect', () => { socket.destroy(); resolve(true) })
    socket.once('error', () => resolve(false))
  })
}

function ask(port, { path: target, headers }) {
  return new Promise((resolve) => {
    const began = Date.now()
    let settled = false
    const done = (answer) => {
      if (settled) return
      settled = true
      clearTimeout(limit)
      resolve({ ...answer, seconds: (Date.now() - began) / 1000 })
    }
    let request
    const limit = setTimeout(() => {
      done({ fault: `no whole answer within ${plan.request_s} s` })
      if (request) request.destroy()
    }, plan.request_s * 1000)
    try {
      request = http.request({
        host: '127.0.0.1', port, path: target, agent: false,
        headers: { accept: 'text/html,*/*', host: 'localhost', ...headers },
      })
    } catch (error) {
      done({ fault: String(error.message) })
      return
    }
    request.on('error', (error) => done({ fault: String(error.message) }))
    request.on('response', (response) => {
      const pieces = []
      let size = 0
      response.on('data', (piece) => {
        size += piece.length
        if (size > MOST_BYTES) {
          done({ fault: `an answer of more than ${MOST_BYTES} bytes` })
          request.destroy()
        } else pieces.push(piece)
      })
      response.on('error', (error) => done({ fault: String(error.message) }))
      response.on('end', () => done({ status: response.statusCode, headers: response.headers, body: Buffer.concat(pieces) }))
    })
    request.end()
  })
}

async function main() {
  const port = await freePort()
  const server = spawn(process.execPath, [plan.server], {
    cwd: plan.cwd,
    env: { ...process.env, PORT: String(port), HOSTNAME: '127.0.0.1' },
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  let ended = null
  server.once('error', (error) => { ended = String(error.message) })
  server.once('exit', (code, signal) => { ended = `it ended with ${signal || `status ${code}`}` })
  const deadline = Date.now() + plan.ready_s * 1000
  while (!(await answers(port))) {
    if (ended !== null || Date.now() > deadline) {
      console.error(`the server did not start: ${ended || `no answer within ${plan.ready_s} s`}`)
      server.kill('SIGKILL')
      process.exit(3)
    }
    await pause(50)
  }
  const found = []
  for (const [number, wanted] of plan.asks.entries()) {
    const answer = ended === null ? await ask(port, wanted) : { fault: `the server is gone: ${ended}`, seconds: 0 }
    const { body, ...rest } = answer
    if (body) fs.writeFileSync(path.join(out, `${number}.body`), body)
    found.push(rest)
  }
  fs.writeFileSync(path.join(out, 'answers.json'), JSON.stringify(found))
  server.kill('SIGKILL')
  process.exit(0)
}

main()
