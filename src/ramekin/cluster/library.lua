#!lua name=LIBRARY
-- LIBRARY stands for a name made of this text (`key_names.py`): each version of it has functions of its own on a node.
--
-- What a database asks of the node that has its slot. Each function is done whole, and others wait meanwhile, so each is
-- short. The keys of each: 1 head  2 feed  3 revisions  4 births  5 definitions  6 sessions  7 marks  8 applying  9 staged, then
-- its own.
--
-- head: rev, nonce: number and nonce of the last step; name: what tells the history up to that step from all others;
--   lineage: random, of the whole history; format; hold, until: the nonce of a step that stands alone, and the
--   millisecond up to which; fed: bytes fed since the last mark; marked: bytes fed before it and kept; keeps: how many of
--   these, in MiB; chunks, brought, chunked: what the names of chunks that have no mark yet begin with, how many are in
--   their hashes, and their bytes;
--   evicted:<table>: records of it that gave way.
-- marks: "<step> <bytes>": what was fed since the mark before; of a large step with " <what its chunks' names begin with>
--   <how many>". The oldest is let go of with its chunks once more is kept than may be, but for the newest, which may be of
--   any size.
-- feed: a stream, an entry a step: k kind, n nonce, p nonce of the step before, t when, then words.
-- births: of each table "<step that made it>:<its place there> <step that defined it, or 0>".
-- revisions: of each table "<number of its last step> <name of that step>".
-- applying: chunks that are committed and not yet in their hashes, each with its hash behind it.
-- staged: the same of chunks that nobody sees yet, of whoever stands alone; or of one that has ended, until the next clears it.
--
-- A node that has reached its maxmemory refuses all but the functions that are allowed then: those that store nothing of
-- their own, that end what has begun, or, called `_freeing`, steps that only take away.
--
-- Each reply is {what, number of the last step}, and where that is a step of others its nonce.
local DONE, STALE, FENCED, HELD, COMMITTED = 1, 0, 2, 3, 4
local OWN = 9
local MIB, KEPT_MIB, FREED_MARKS, AT_ONCE, CHUNK_S, FOREVER = 1048576, 64, 8, 1000, 600, 9007199254740991

local function call(...) return redis.call(...) end  -- which is not there yet while this is read

local function now_ms()
  local time = call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

local function reply(keys, what)
  local head = call('HMGET', keys[1], 'rev', 'nonce')
  return {what, tonumber(head[1] or '0'), head[2] or ''}
end

-- A process that has connected again is in another epoch: what it sent before, and is still on its way, is refused.
local function is_fenced(keys, args)
  return call('HGET', keys[6], args[1]) ~= args[2]
end

-- Who stands alone, if another than this nonce does: HELD, or COMMITTED if what it does has begun to happen.
local function held_by_another(keys, nonce)
  local hold = call('HMGET', keys[1], 'hold', 'until')
  if not hold[1] or hold[1] == nonce or tonumber(hold[2]) <= now_ms() then return nil end
  return tonumber(hold[2]) == FOREVER and COMMITTED or HELD
end

-- Let go of what the oldest mark is for. Returns its bytes.
local function forget_oldest(keys)
  local rev, size, prefix, count = call('LPOP', keys[7]):match('^(%d+) ?(%d*) ?(%S*) ?(%d*)')
  call('XTRIM', keys[2], 'MINID', rev)
  count = tonumber(count) or 0
  for first = 0, count - 1, AT_ONCE do
    local chunks = {}
    for i = first, math.min(first + AT_ONCE, count) - 1 do chunks[#chunks + 1] = prefix .. i end
    call('UNLINK', unpack(chunks))
  end
  return call('HINCRBY', keys[1], 'marked', -(tonumber(size) or 0))
end

local function mark(keys, rev, size, chunks)
  call('RPUSH', keys[7], rev .. ' ' .. size .. chunks)
  local marked = call('HINCRBY', keys[1], 'marked', size)
  local keeps = MIB * tonumber(call('HGET', keys[1], 'keeps') or KEPT_MIB)
  while marked > keeps and call('LLEN', keys[7]) > 1 do marked = forget_oldest(keys) end
end

-- Its number and its name. A name is made of the one before, so it comes again only where the whole history does.
local function add(keys, args, kind, words)
  local head, nonce = call('HMGET', keys[1], 'rev', 'nonce', 'name'), args[3]
  local rev, size = tonumber(head[1] or '0') + 1, 100
  local name = redis.sha1hex((head[3] or '') .. nonce):sub(1, 8)
  for _, word in ipairs(words) do size = size + #word end
  call('XADD', keys[2], rev .. '-0', 'k', kind, 'n', nonce, 'p', head[2] or '', 't', args[4], unpack(words))
  call('HSET', keys[1], 'rev', rev, 'nonce', nonce, 'name', name)
  local fed = call('HINCRBY', keys[1], 'fed', size)
  if fed >= MIB then
    call('HSET', keys[1], 'fed', 0)
    mark(keys, rev, fed, '')
  end
  return rev, name
end

local function note(keys, table, place, rev, name, is_defined)
  local birth = call('HGET', keys[4], table)
  if not birth or is_defined then
    local made = birth and birth:match('^%S+') or (rev .. ':' .. place)
    call('HSET', keys[4], table, made .. ' ' .. (is_defined and rev or 0))
  end
  call('HSET', keys[3], table, rev .. ' ' .. name)
end

-- ARGV: process, lineage if there is none, format if there is none
local function session(keys, args)
  call('HSETNX', keys[1], 'lineage', args[2])
  call('HSETNX', keys[1], 'format', args[3])
  local head = call('HMGET', keys[1], 'lineage', 'format')
  return {call('HINCRBY', keys[6], args[1], 1), head[1], head[2]}
end

local function is_as_expected(value, expected)
  if not value then return expected == '' end
  if expected:byte(1) == 61 then return '=' .. value == expected end
  return '#' .. redis.sha1hex(value) == expected
end

-- ARGV: process, epoch, nonce, when, kind, count of tables, {name, step that defined it}..,
-- {place of the hash, field, expected, after}..
-- Keys of its own: the hash of each table, then others. `expected`: '' none, '=' and the value, '#' and its SHA-1.
local function write(keys, args)
  if is_fenced(keys, args) then return reply(keys, FENCED) end
  local hold = held_by_another(keys, args[3])
  if hold then return reply(keys, hold) end
  local tables = tonumber(args[6])
  local from = 7 + 2 * tables
  for i = 7, from - 1, 2 do
    if (call('HGET', keys[4], args[i]) or '0'):match('%d+$') ~= args[i + 1] then return reply(keys, STALE) end
  end
  for i = from, #args, 4 do
    if not is_as_expected(call('HGET', keys[OWN + args[i]], args[i + 1]), args[i + 2]) then return reply(keys, STALE) end
  end
  local words, shown = {}, 0
  for i = from, #args, 4 do
    local place = tonumber(args[i])
    if place <= tables then
      local n = #words
      if place ~= shown then
        words[n + 1], words[n + 2], shown, n = '', args[5 + 2 * place], place, n + 2
      end
      words[n + 1], words[n + 2] = args[i + 1], args[i + 3]
    end
  end
  local rev, name = add(keys, args, args[5], words)  -- first: if it fails, since the feed is not ours, nothing is written
  for i = from, #args, 4 do
    local hash, field, after = keys[OWN + args[i]], args[i + 1], args[i + 3]
    if after == '' then call('HDEL', hash, field) else call('HSET', hash, field, after) end
  end
  for i = 7, from - 1, 2 do note(keys, args[i], (i - 7) / 2, rev, name, false) end
  return {DONE, rev}
end

local function stands_alone(keys, nonce)
  local hold = call('HMGET', keys[1], 'hold', 'until')
  return hold[1] == nonce and tonumber(hold[2]) > now_ms()
end

-- The number and the nonce of the last step, told by a write: so whoever waits for replicas knows that no other node is primary by now.
local function ask(keys)
  call('HINCRBY', keys[1], 'asked', 1)
  return reply(keys, DONE)
end

-- ARGV: process, epoch, nonce, when, milliseconds for which it will stand alone; 0: no more, 'begin' or 'go on'
local function hold(keys, args)
  if is_fenced(keys, args) then return reply(keys, FENCED) end
  local other = held_by_another(keys, args[3])
  if args[6] == 'begin' and other then return reply(keys, other) end
  if args[6] == 'go on' and not stands_alone(keys, args[3]) then return reply(keys, STALE) end
  if tonumber(call('HGET', keys[1], 'until') or '0') == FOREVER then return reply(keys, DONE) end
  if args[5] == '0' then
    call('HDEL', keys[1], 'hold', 'until')
  else
    call('HSET', keys[1], 'hold', args[3], 'until', now_ms() + args[5])
  end
  return reply(keys, DONE)
end

-- ARGV: process, epoch, nonce, when, kind, header, definition or empty, count of tables written, {name}.., count dropped,
-- {name}.., count of chunks staged. Keys of its own: the hashes that are emptied
local function commit(keys, args)
  if is_fenced(keys, args) then return reply(keys, FENCED) end
  local chunks = tonumber(args[#args])
  if not stands_alone(keys, args[3]) or call('LLEN', keys[9]) ~= 2 * chunks then return reply(keys, STALE) end
  local rev, name = add(keys, args, args[5], {'h', args[6]})
  local written = tonumber(args[8])
  for i = 9, 8 + written do
    note(keys, args[i], i - 9, rev, name, args[5] == 'd')
    if args[5] == 'd' then call('HSET', keys[5], args[i], args[7]) end
  end
  local at = 9 + written
  local dropped = tonumber(args[at])
  for i = at + 1, at + dropped do
    for j = 3, 5 do call('HDEL', keys[j], args[i]) end
    call('HDEL', keys[1], 'evicted:' .. args[i])
  end
  for i = OWN + 1, #keys do call('UNLINK', keys[i]) end
  if chunks > 0 then
    call('RENAME', keys[9], keys[8])
    call('HSET', keys[1], 'until', FOREVER)
  else
    call('HDEL', keys[1], 'hold', 'until')
  end
  return {DONE, rev}
end

-- Keep a chunk that nobody sees yet, once, though it was sent twice. ARGV: process, epoch, nonce, when, {field, value or
-- nothing}.. Keys of its own: chunk, hash
local function stage(keys, args)
  if is_fenced(keys, args) then return reply(keys, FENCED) end
  if not stands_alone(keys, args[3]) then return reply(keys, STALE) end
  if call('LINDEX', keys[9], -2) ~= keys[OWN + 1] then
    call('RPUSH', keys[OWN + 1], unpack(args, 5))
    call('RPUSH', keys[9], keys[OWN + 1], keys[OWN + 2])
  end
  return reply(keys, DONE)
end

-- Forget the first chunks that were staged and not committed. ARGV: process, epoch, nonce, when. Keys of its own: the chunks
local function clear(keys, args)
  if is_fenced(keys, args) then return reply(keys, FENCED) end
  if not stands_alone(keys, args[3]) then return reply(keys, STALE) end
  if call('LINDEX', keys[9], 0) == keys[OWN + 1] then
    for i = OWN + 1, #keys do call('UNLINK', keys[i]) end
    call('LTRIM', keys[9], 2 * (#keys - OWN), -1)
  end
  return reply(keys, DONE)
end

-- Where memory is short, the feed lets some of its oldest MiB go too: what tells of a record may be longer than the record.
local function freeing(step)
  return function(keys, args)
    for _ = 1, FREED_MARKS do
      if call('LLEN', keys[7]) > 1 then forget_oldest(keys) end
    end
    return step(keys, args)
  end
end

-- Bring the first chunk that is committed into its hash. Keys of its own: chunk, hash
local function bring(keys)
  local chunk, hash = keys[OWN + 1], keys[OWN + 2]
  if call('LINDEX', keys[8], 0) ~= chunk then return 0 end
  local pairs_of, size = call('LRANGE', chunk, 0, -1), 0
  for i = 1, #pairs_of, 2 do
    size = size + #pairs_of[i] + #pairs_of[i + 1]
    if pairs_of[i + 1] == '' then call('HDEL', hash, pairs_of[i]) else call('HSET', hash, pairs_of[i], pairs_of[i + 1]) end
  end
  call('EXPIRE', chunk, CHUNK_S)
  call('LTRIM', keys[8], 2, -1)
  call('HSETNX', keys[1], 'chunks', (chunk:match('^(.*:)%d+$')))
  call('HINCRBY', keys[1], 'brought', 1)
  call('HINCRBY', keys[1], 'chunked', size)
  if call('LLEN', keys[8]) == 0 then
    local head = call('HMGET', keys[1], 'rev', 'chunked', 'chunks', 'brought')
    call('HDEL', keys[1], 'hold', 'until', 'chunked', 'chunks', 'brought')
    mark(keys, head[1], head[2], ' ' .. head[3] .. ' ' .. head[4])
  end
  return 1
end

local function register(name, callback, ...)
  redis.register_function{function_name = 'LIBRARY_' .. name, callback = callback, flags = {...}}
end

local function register_step(name, step)
  register(name, step)
  register(name .. '_freeing', freeing(step), 'allow-oom')
end

register('session', session, 'allow-oom')
register('ask', ask, 'allow-oom')
register('hold', hold, 'allow-oom')
register('bring', bring, 'allow-oom')
register('clear', clear, 'allow-oom')
register_step('write', write)
register_step('stage', stage)
register_step('commit', commit)
