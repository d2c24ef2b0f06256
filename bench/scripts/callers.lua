-- Asks with one bearer token after the other. CALLERS names a file with a token on each line.
local requests, at = {}, 0
function init()
  for token in io.lines(os.getenv("CALLERS")) do
    requests[#requests + 1] = wrk.format("GET", nil, { ["Host"] = "localhost", ["Authorization"] = "Bearer " .. token })
  end
end
function request()
  at = at % #requests + 1
  return requests[at]
end
