-- PUT of a manifest that no one has pushed before, under a tag of its own, every time.
-- wrk -s manifests.lua URL -- HOST REPOSITORY SERIES FILE: FILE is the manifest with a run of 24 @ for the serial number,
-- which is also the tag: SERIES (8 characters), then 16 digits. The whole request is one concatenation, so that wrk can
-- make more of them than a registry takes.
local before, between, after, series
local serial = 0

function init(arguments)
  local file = assert(io.open(arguments[4], "rb"))
  local manifest = file:read("*a")
  file:close()
  local first, last = manifest:find(string.rep("@", 24), 1, true)
  series = arguments[3]
  before = "PUT /v2/" .. arguments[2] .. "/manifests/"
  between = " HTTP/1.1\r\nHost: " .. arguments[1] .. "\r\nContent-Type: application/vnd.oci.image.manifest.v1+json\r\n"
    .. "Content-Length: " .. #manifest .. "\r\n\r\n" .. manifest:sub(1, first - 1)
  after = manifest:sub(last + 1)
end

function request()
  serial = serial + 1
  local tag = series .. string.format("%016d", serial)
  return before .. tag .. between .. tag .. after
end
