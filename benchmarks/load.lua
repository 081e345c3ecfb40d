-- Sends one kind of request with random or new ids. Requests with random ids are made before the clock runs, so that
-- the load costs next to nothing a request: what wrk measures must be the server.
--
--   wrk -s load.lua URL -- METHOD PATH BODY IDS FIRST_NEW PREPARED

local prepared, position = {}, 0
local head, tail, new_id

local function filled(text)
    return (text:gsub("{number}", function() return tostring(math.random(100000, 999999)) end))
end

local function request_text(method, path, body)
    local headers = body and { ["Content-Type"] = "application/json" } or nil
    return wrk.format(method, path, headers, body)
end

-- The id is random, but the same one in the path and in the body.
local function prepare(method, path, body, ids)
    local id = tostring(math.random(ids))
    path = path:gsub("{id}", id)
    return request_text(method, path, body and filled((body:gsub("{id}", id))))
end

function init(args)
    local method, path, body = args[1], args[2], args[3] ~= "" and args[3] or nil
    local ids, first_new, count = tonumber(args[4]), args[5], tonumber(args[6])
    math.randomseed(tonumber(first_new) % 2147483647)
    if body and body:find("{new}", 1, true) then
        local text = request_text(method, path, filled((body:gsub("{new}", first_new))))
        local from, to = text:find(first_new, 1, true)
        head, tail, new_id = text:sub(1, from - 1), text:sub(to + 1), tonumber(first_new)
        return
    end
    for i = 1, count do prepared[i] = prepare(method, path, body, ids) end
end

function request()
    if head then
        new_id = new_id + 1
        return head .. string.format("%.0f", new_id) .. tail
    end
    position = position % #prepared + 1
    return prepared[position]
end

function done(summary, latency)
    local e = summary.errors
    io.write(string.format(
        '\nRESULT {"requests": %d, "seconds": %.6f, "p50_us": %d, "p99_us": %d, "p999_us": %d, "failures": %d}\n',
        summary.requests, summary.duration / 1e6, latency:percentile(50), latency:percentile(99),
        latency:percentile(99.9), e.connect + e.read + e.write + e.status + e.timeout))
end
