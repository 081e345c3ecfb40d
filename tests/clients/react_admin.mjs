// What react-admin asks of its data providers, by two of them: that of json-server, and one of our own API.
import jsonServer from 'ra-data-json-server'

import { ramekin } from './provider.mjs'

const [kind, url] = process.argv.slice(2)
const provider = kind === 'json-server' ? jsonServer(url) : ramekin(url)
const page = (number, perPage) => ({ page: number, perPage })
const order = (field, way) => ({ field, order: way })
const titles = (found) => found.data.map((post) => post.title)
const told = {}

const list = (words) =>
  provider.getList('posts', { pagination: page(1, 10), sort: order('id', 'ASC'), filter: {}, ...words })

told.all = await list({}).then((found) => [titles(found), found.total])
told.second = await list({ pagination: page(2, 2), sort: order('views', 'DESC') }).then((found) => [titles(found), found.total])
told.filtered = await list({ filter: { title: 'two' } }).then((found) => [titles(found), found.total])
told.nested = await list({ filter: { author: { name: 'Ann' }, views: 10 } }).then((found) => [titles(found), found.total])
told.several = await list({ filter: { id: [1, 3] } }).then((found) => [titles(found), found.total])
told.one = (await provider.getOne('posts', { id: 2 })).data.title
told.many = titles(await provider.getMany('posts', { ids: [1, 3] }))
if (kind !== 'json-server') told.asTexts = titles(await provider.getMany('posts', { ids: ['1', '99', '3'] }))
told.referring = await provider
  .getManyReference('comments', { target: 'postId', id: 1, pagination: page(1, 1), sort: order('id', 'ASC'), filter: {} })
  .then((found) => [found.data.map((comment) => comment.text), found.total])
told.referringText = await provider
  .getManyReference('comments', { target: 'postId', id: '1', pagination: page(1, 1), sort: order('id', 'ASC'), filter: {} })
  .then((found) => [found.data.map((comment) => comment.text), found.total])
if (kind !== 'json-server') told.unknown = await list({ filter: { q: 'two' } }).then(() => 200, (error) => error.status)

const made = (await provider.create('posts', { data: { title: 'new', views: 0 } })).data
told.made = [made.title, made.id !== undefined]
told.updated = (await provider.update('posts', { id: made.id, data: { id: made.id, title: 'newer' }, previousData: made })).data.title
told.updatedMany = (await provider.updateMany('posts', { ids: [1, 2], data: { seen: true } })).data.length
await provider.delete('posts', { id: made.id, previousData: made })
told.deletedMany = (await provider.deleteMany('posts', { ids: [3] })).data.length
told.left = await list({}).then((found) => [found.data.map((post) => post.id), found.total])
told.missing = await provider.getOne('posts', { id: made.id }).then(() => 200, (error) => error.status)
console.log(JSON.stringify(told))
