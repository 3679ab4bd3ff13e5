// The gate names the user in headers of /app/me.
const byId = id => document.getElementById(id)
whoAmI()

async function whoAmI() {
  const answer = await fetch('/app/me')
  if (answer.status === 401) {
    const { login } = await answer.json()
    location = login + '?return_to=' + encodeURIComponent(location.pathname + location.search)
    return
  }
  const user = { id: answer.headers.get('X-User-Id'), email: answer.headers.get('X-User-Email'), groups: answer.headers.get('X-User-Groups') }
  byId('who').textContent = user.email || user.id
  for (const [name, value] of [['Subject', user.id], ['E-mail', user.email], ['Groups', user.groups || 'none']]) {
    const row = byId('facts').insertRow()
    const head = document.createElement('th')
    head.scope = 'row'
    head.textContent = name
    row.append(head)
    row.insertCell().textContent = value
  }
  keep('notes of ' + user.id)
}

function keep(key) {
  const notes = JSON.parse(localStorage.getItem(key) || '[]')
  const show = () => {
    byId('empty').hidden = notes.length > 0
    byId('notes').replaceChildren(...notes.map((text, at) => {
      const item = document.createElement('li')
      const words = document.createElement('span')
      const remove = document.createElement('button')
      words.textContent = text
      remove.textContent = 'Delete'
      remove.className = 'quiet'
      remove.onclick = () => { notes.splice(at, 1); save() }
      item.append(words, remove)
      return item
    }))
  }
  const save = () => { localStorage.setItem(key, JSON.stringify(notes)); show() }
  byId('new').onsubmit = event => {
    event.preventDefault()
    notes.unshift(byId('text').value)
    byId('text').value = ''
    save()
  }
  show()
}
