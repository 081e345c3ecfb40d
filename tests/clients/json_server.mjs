// Starts json-server itself on a file, in one of its versions, on a free port of this machine, and prints its address.
import { createRequire } from 'node:module'

const [version, file] = process.argv.slice(2)
const tell = (server) => console.log(`http://127.0.0.1:${server.address().port}`)

if (version === '0.17') {
  const { create, defaults, router } = createRequire(import.meta.url)('json-server-older')
  const app = create().use(defaults({ logger: false })).use(router(file))
  const server = app.listen(0, '127.0.0.1', () => tell(server))
} else {
  const at = (path) => import(`./node_modules/json-server/lib/${path}`)
  const { createApp } = await at('app.js')
  const { NormalizedAdapter } = await at('adapters/normalized-adapter.js')
  const { Low } = await import('lowdb')
  const { JSONFile } = await import('lowdb/node')
  const db = new Low(new NormalizedAdapter(new JSONFile(file)), {})
  await db.read()
  const server = createApp(db).listen(0, () => tell(server), '127.0.0.1')
}
