local os = require("os")
local status = obj.status or {}
local found = {}
for _, condition in ipairs(status.conditions or {}) do
  found[condition.type] = condition
end
local function holds(type)
  return found[type] ~= nil and found[type].status == "True"
end
local function message(type, otherwise)
  return found[type] ~= nil and found[type].message or otherwise
end
-- Whether someone has had to act for ten minutes. RFC 3339 in UTC sorts like text.
local function waits(condition)
  local since = condition ~= nil and condition.status == "False" and condition.lastTransitionTime
  return since and since < os.date("!%Y-%m-%dT%H:%M:%SZ", os.time() - 600)
end

if obj.metadata.deletionTimestamp ~= nil then
  return { status = "Progressing", message = message("Ready", "It is being deleted.") }
end
if obj.spec ~= nil and obj.spec.suspend == true then
  return { status = "Suspended", message = "Nothing is done while suspend is true." }
end
if status.observedGeneration ~= obj.metadata.generation then
  return { status = "Progressing", message = "The operator has not handled this version of the spec yet." }
end
if holds("Stalled") and not holds("Reconciling") then
  return { status = "Degraded", message = message("Stalled") }
end
if waits(found["Ready"]) then
  return { status = "Degraded", message = message("Ready") }
end
if holds("Reconciling") then
  return { status = "Progressing", message = message("Reconciling") }
end
if holds("Ready") then
  return { status = "Healthy", message = message("Ready") }
end
return { status = "Progressing", message = message("Ready", "The operator has not reported yet.") }
