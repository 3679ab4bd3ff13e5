// Reads a JSON list of cases from standard input and prints one decision a line. The simulation runs without checking
// actions and context keys against the service catalogue, because the corpus speaks of keys that Sluice itself defines;
// only the checked simulation knows session policies, so cases with one go there.
import { runSimulation, runUnsafeSimulation } from '@cloud-copilot/iam-simulate'
import { readFileSync } from 'node:fs'

const account = '123456789012'
const words = { Allowed: 'allow', ImplicitlyDenied: 'implicitDeny', ExplicitlyDenied: 'explicitDeny' }

async function decide(c) {
  const context = Object.fromEntries(
    Object.entries(c.request.context ?? {}).map(([k, v]) => [k, Array.isArray(v) && v.length === 1 ? v[0] : v]),
  )
  const simulation = {
    request: {
      principal: `arn:aws:sts::${account}:assumed-role/role/session`,
      action: c.request.action,
      resource: { resource: c.request.resource, accountId: account },
      contextVariables: context,
    },
    identityPolicies: c.policies.map((policy, i) => ({ name: `policies[${i}]`, policy })),
    serviceControlPolicies: [],
    resourceControlPolicies: [],
  }
  if (c.boundary) simulation.permissionBoundaryPolicies = [{ name: 'boundary', policy: c.boundary }]
  if (c.session_policy) {
    simulation.sessionPolicy = c.session_policy
    const checked = await runSimulation(simulation, {})
    if (checked.resultType === 'error') throw new Error(JSON.stringify(checked.errors))
    return checked.overallResult
  }
  return runUnsafeSimulation(simulation, {})
}

for (const c of JSON.parse(readFileSync(0, 'utf8'))) {
  try {
    const result = await decide(c)
    const text = typeof result === 'string' ? result : (result.result ?? result.overallResult)
    console.log(words[text] ?? `unknown result ${text}`)
  } catch (error) {
    console.log(`error ${String(error.message).split('\n')[0]}`)
  }
}
