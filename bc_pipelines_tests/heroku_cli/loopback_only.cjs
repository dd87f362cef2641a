'use strict'
// Loaded into every Node process of the Heroku CLI. Writes each connection, each look-up of a name and each program
// that is started to the file that LOOPBACK_ONLY_LOG names, one JSON object a line, and refuses what would leave this
// machine. Node has one way to open a connection and a few to look up names; datagrams are refused altogether.

const childProcess = require('node:child_process')
const dgram = require('node:dgram')
const dns = require('node:dns')
const fs = require('node:fs')
const net = require('node:net')
const {syncBuiltinESMExports} = require('node:module')

const LOOPBACK = /^(127(\.\d+){3}|::1|localhost)$/

function note(kind, target, allowed) {
  fs.appendFileSync(process.env.LOOPBACK_ONLY_LOG, JSON.stringify({kind, target, allowed}) + '\n')
}

function allow(kind, target) {
  const allowed = LOOPBACK.test(target)
  note(kind, target, allowed)
  return allowed
}

function refusal(target) {
  // A code that nobody takes for a network's mood and tries again.
  return Object.assign(new Error(`${target} is not on loopback`), {code: 'EACCES'})
}

const connect = net.Socket.prototype.connect
net.Socket.prototype.connect = function (...given) {
  // connect(options), connect(path), connect(port, host), or what net.connect has made of either.
  const first = Array.isArray(given[0]) ? given[0][0] : given[0]
  const options = typeof first === 'object' ? first : {port: first, host: given[1]}
  const host = typeof options.host === 'string' ? options.host : 'localhost'
  if (options.path || allow('connection', host)) return connect.apply(this, given)
  process.nextTick(() => this.destroy(refusal(host)))
  return this
}

function guardNames(owner, answer) {
  for (const name of Object.getOwnPropertyNames(owner).filter(name => /^(lookup|resolve|reverse)/.test(name))) {
    const look = owner[name]
    owner[name] = function (target, ...rest) {
      return allow('name', target) ? look.call(this, target, ...rest) : answer(refusal(target), rest.at(-1))
    }
  }
}

const byCallback = (error, callback) => process.nextTick(callback, error)
const byPromise = error => Promise.reject(error)
guardNames(dns, byCallback)
guardNames(dns.Resolver.prototype, byCallback)
guardNames(dns.promises, byPromise)
guardNames(dns.promises.Resolver.prototype, byPromise)

for (const name of ['connect', 'send']) {
  dgram.Socket.prototype[name] = () => {
    note('datagram', name, false)
    throw refusal('a datagram')
  }
}

const spawn = childProcess.ChildProcess.prototype.spawn
childProcess.ChildProcess.prototype.spawn = function (options) {
  note('program', options.file, true)
  return spawn.call(this, options)
}

for (const name of ['execFileSync', 'execSync', 'spawnSync']) {
  const start = childProcess[name]
  childProcess[name] = function (file, ...rest) {
    note('program', file, true)
    return start.call(this, file, ...rest)
  }
}

syncBuiltinESMExports()
