package policy

import (
	"bytes"
	"strings"
)

// The index has two levels: a tree of the literal prefixes of resources and, at each node, the actions. Actions without
// wildcards are in a table, the others in a second tree of their literal prefixes. A lookup follows the resource's text
// and visits only statements whose prefix matches.

// posting is a statement in the index, with the checks that remain.
type posting struct {
	statement *compiled
	resource  *resourcePattern // nil means to check all resources of the statement
	action    *actionPattern   // nil means that the action is known to match
	all       bool             // check all actions of the statement
}

// actionIndex holds the postings of one resource prefix.
type actionIndex struct {
	keys   []string // literal actions, in lower case
	lists  [][]posting
	table  map[string]int32 // of keys, once there are many
	others *tree[[]posting] // by the literal beginning of the action
}

// manyActions is the number of literal actions from which a table is faster than comparing each.
const manyActions = 8

func (a *actionIndex) exact(action []byte) []posting {
	if a.table != nil {
		if i, ok := a.table[string(action)]; ok {
			return a.lists[i]
		}
		return nil
	}
	for i, key := range a.keys {
		if string(action) == key {
			return a.lists[i]
		}
	}
	return nil
}

func (a *actionIndex) addExact(action string, p posting) {
	for i, key := range a.keys {
		if a.table == nil && key == action {
			a.lists[i] = append(a.lists[i], p)
			return
		}
	}
	if i, ok := a.table[action]; ok {
		a.lists[i] = append(a.lists[i], p)
		return
	}
	a.keys = append(a.keys, action)
	a.lists = append(a.lists, []posting{p})
	if a.table == nil && len(a.keys) > manyActions {
		a.table = map[string]int32{}
		for i, key := range a.keys {
			a.table[key] = int32(i)
		}
	} else if a.table != nil {
		a.table[action] = int32(len(a.keys) - 1)
	}
}

func (a *actionIndex) addOther(prefix string, p posting) {
	if a.others == nil {
		a.others = &tree[[]posting]{}
	}
	n := a.others.insert(prefix)
	n.value = append(n.value, p)
}

type resourceIndex struct{ root tree[*actionIndex] }

// maxProduct bounds the postings of one statement. A statement with more is entered by its resources only.
const maxProduct = 4096

func newResourceIndex(statements []*compiled) resourceIndex {
	var x resourceIndex
	for _, c := range statements {
		if c.never || !c.deny && (c.everyAction || c.everyResource) {
			continue
		}
		if c.everyResource || len(c.notResources) > 0 {
			x.addActions("", c, nil)
			continue
		}
		for i := range c.resources {
			if r := &c.resources[i]; !r.broken {
				x.addActions(r.prefix(), c, r)
			}
		}
	}
	return x
}

// addActions enters a statement under a resource prefix for each of its actions.
func (x *resourceIndex) addActions(prefix string, c *compiled, r *resourcePattern) {
	n := x.root.insert(prefix)
	if n.value == nil {
		n.value = &actionIndex{}
	}
	p := posting{statement: c, resource: r}
	if c.everyAction || len(c.notActions) > 0 || len(c.actions)*len(c.resources) > maxProduct {
		p.all = true
		n.value.addOther("", p)
		return
	}
	for i := range c.actions {
		switch a := &c.actions[i]; {
		case a.literal:
			n.value.addExact(a.text, p)
		case a.text == "*" || a.prefixed() && strings.Contains(a.text, ":"):
			n.value.addOther(a.prefix(), p)
		default:
			q := p
			q.action = a
			n.value.addOther(a.prefix(), q)
		}
	}
}

// tree is a radix tree over text.
type tree[V any] struct {
	label    string // the text of the edge to this node
	value    V
	first    []byte // the first byte of each child's label
	children []*tree[V]
}

// insert returns the node of the key and creates it if it is missing.
func (t *tree[V]) insert(key string) *tree[V] {
	for key != "" {
		i := bytes.IndexByte(t.first, key[0])
		if i < 0 {
			child := &tree[V]{label: key}
			t.first = append(t.first, key[0])
			t.children = append(t.children, child)
			return child
		}
		child := t.children[i]
		shared := commonPrefix(child.label, key)
		if shared < len(child.label) {
			middle := &tree[V]{label: child.label[:shared], first: []byte{child.label[shared]}, children: []*tree[V]{child}}
			child.label = child.label[shared:]
			t.children[i] = middle
			child = middle
		}
		t, key = child, key[shared:]
	}
	return t
}

func commonPrefix(a, b string) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] != b[i] {
			return i
		}
	}
	return n
}
