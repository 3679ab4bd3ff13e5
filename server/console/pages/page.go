package pages

import (
	"time"
)

// Frame is what all pages share.
type Frame struct {
	Base      string // the path of the console; "" at the root of a host
	Nav       string // the Key of the current entry of Nav; "" = none
	Who       string // who is signed in: an ARN; "" = no one, and the page has no navigation
	Account   string // twelve digits
	Region    string
	Write     bool     // changes are allowed
	CSRF      string   // the value of the hidden field _csrf
	Notice    string   // what an action did; "" = nothing
	Problem   string   // why an action, or a part of the page, failed; "" = it did not
	ProblemAt string   // the ID of the form that failed, which the message links to; "" = none
	Origins   []string // to which a form may lead on: Chromium applies form-action to redirects as well
}

// Entry is an entry of the navigation.
type Entry struct{ Key, Text, Href string }

// Nav is the navigation.
var Nav = []Entry{
	{"overview", "Overview", "/"},
	{"pools", "User pools", "/pools"},
	{"identity-pools", "Identity pools", "/identity-pools"},
	{"roles", "Roles", "/roles"},
	{"policies", "Policies", "/policies"},
	{"decisions", "Decisions", "/decisions"},
	{"keys", "Keys", "/keys"},
	{"messages", "Messages", "/messages"},
}

// Page is a page with sections.
type Page struct {
	Title    string    // heading, and the window's title
	Kind     string    // above the title, what it names: "User pool"; "" = nothing
	Crumbs   []Link    // the way to the page, from the top; nil = a page of the navigation
	Badges   []Value   // beside the title, such as a state
	Sections []Section // in the order of the page
	Refresh  string    // the page's own address below Frame.Base, of a page that changes by itself; "" = it does not
	Now      time.Time // when such a page was made
}

// Link is a link to a page of the console. Href is below Frame.Base and is encoded.
type Link struct{ Text, Href string }

// Section is a part of a page. It shows what is set, in the order of the fields.
type Section struct {
	ID, Title, Note string // ID is an anchor, for links and headings; every section of a page has another
	Search          *Search
	Stats           []Stat
	Facts           []Fact
	Table           *Table
	Texts           []Text
	Editor          *Editor
	Links           []Link // to what can be done on other pages
	Forms           []Form
	Empty           string // shown if the section has nothing else
}

// Stat is a figure.
type Stat struct {
	Label, Value, Href string // Href is "" or a link below Frame.Base
}

// Fact is a name with its values.
type Fact struct {
	Name   string  // left of the values
	Values []Value // one below the other; nil shows "none"
}

// Value is a text in a fact or in a cell of a table.
type Value struct {
	Text string    // "" shows nothing, unless When is set
	Href string    // a link below Frame.Base; "" = none
	Look Look      // zero = plain text
	When time.Time // shown in UTC instead of Text, unless it is zero
}

// Look says how a value looks.
type Look string

// The looks. The zero value is plain text.
const (
	Code Look = "code"
	Good Look = "good"
	Warn Look = "warn"
	Bad  Look = "bad"
	Calm Look = "calm"
)

// Table is a table. Each row has as many cells as there are columns.
type Table struct {
	Caption string    // for those who do not see the heading
	Columns []string  // the heads
	Rows    [][]Value // a first cell is the head of its row
	Empty   string    // shown instead of a table without rows
	First   string    // the link to the first page; "" = this is it
	Next    string    // the link to the next page; "" = there is none
}

// Text is a text of many lines, such as a policy.
type Text struct {
	Title string // above the text
	Body  string // shown as it is, with its line breaks
}

// Search is the form of a search, which is sent with GET.
type Search struct {
	Action string   // the page, below Frame.Base
	Hidden []Hidden // further parameters of the page
	By     []Option // what to compare
	How    []Option // how to compare
	Query  string   // what was searched for; "" = nothing yet
	Hint   string   // shown in the empty field
}

// Form is an action. It is sent with POST.
type Form struct {
	Action string   // below Frame.Base; every form of a page has another
	Open   string   // the text that opens the form; "" = it is open
	Opened bool     // the form is open although it has Open
	Title  string   // of an open form
	Text   string   // what the action does
	Hidden []Hidden // such as the id of what is changed
	Fields []Field  // in the order of the form; nil = the button only
	Submit string   // text of the button
	Danger bool     // the action cannot be undone, or locks a user out
}

// ID is the form's anchor.
func (f Form) ID() string { return id("form", f.Action) }

// Hidden is a field that is not shown.
type Hidden struct{ Name, Value string }

// About are the names of the fields that say what a form is about. They are in the address to which it is sent, too, so that there is a way
// back to the page from there.
var About = []string{"pool", "user", "group", "client", "role", "policy", "region"}

// Field is a field of a form.
type Field struct {
	Name, Label, Hint string   // the name in the form, and what is above and below the field
	Type              string   // of the input: text, email, password, number; or checkbox, select, lines
	Value             string   // of a checkbox: "on" = checked
	Options           []Option // of a select
	Required          bool     // the browser does not send the form without it
	Max               int      // characters; 0 = 256
}

// Option is a choice.
type Option struct {
	Value, Text string // what the form sends, and what is shown
	Selected    bool   // at first
}

// Editor is the form that edits a policy.
type Editor struct {
	Action    string    // where the form is sent, below Frame.Base
	Check     string    // where the script sends what is typed, below Frame.Base
	Hidden    []Hidden  // such as the ARN of the policy
	Name      string    // of the policy; "" = the user chooses one
	Suggested string    // name of a new policy, which the user can change; may be ""
	Document  string    // JSON, as typed
	Checked   bool      // Problems are those of Document
	Problems  []Finding // in the order of the document; nil = none
	ReadOnly  bool      // the document cannot be changed or saved
	Max       int       // characters of a document
}

// Finding is something that is wrong with a policy.
type Finding struct {
	Level string `json:"level"` // "error" or "warning"
	Line  int    `json:"line"`  // from 1; 0 = unknown
	Text  string `json:"text"`  // a sentence
}

// SignIn is the page that signs in.
type SignIn struct {
	Key    bool   // the administrator's access key is accepted
	KeyID  string // as the user typed it
	Pool   string // the name of the user pool whose members may sign in; "" = none
	Start  string // where they begin: a path with a query
	Return string // where to go then, below Frame.Base
	Open   string // a page to open that another site has asked for, below Frame.Base: the browser has not said who is signed in; "" = none
	Typed  string // what was typed into a form before the session ended; "" = nothing that is worth keeping
	Other  string // who the browser is signed in as, without being allowed here; "" = no one
	Leave  string // where such a user signs out: a path
}
