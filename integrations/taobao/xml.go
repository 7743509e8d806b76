package taobao

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
)

// node is one element of a schema document, with all it came with: what the adapter does not know, it keeps.
type node struct {
	name     string
	attrs    []xml.Attr
	text     string
	children []*node
}

// maxSchema bounds a schema document; real ones have some hundred kilobytes.
const maxSchema = 4 << 20

// parseXML reads a document, bounded in size and depth. Entities of its own and the like are refused by the decoder.
func parseXML(doc string) (*node, error) {
	if len(doc) > maxSchema {
		return nil, errors.New("too large")
	}
	d := xml.NewDecoder(strings.NewReader(doc))
	// The document is text of an answer already: whatever encoding its head names, it is UTF-8 by now.
	d.CharsetReader = func(_ string, in io.Reader) (io.Reader, error) { return in, nil }
	root := &node{}
	stack := []*node{root}
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		top := stack[len(stack)-1]
		switch token := token.(type) {
		case xml.StartElement:
			if len(stack) > 30 {
				return nil, errors.New("too deep")
			}
			n := &node{name: token.Name.Local, attrs: token.Attr}
			top.children = append(top.children, n)
			stack = append(stack, n)
		case xml.EndElement:
			stack = stack[:len(stack)-1]
		case xml.CharData:
			top.text += string(token)
		}
	}
	if len(root.children) != 1 {
		return nil, errors.New("no single root")
	}
	return root.children[0], nil
}

func (n *node) attr(name string) string {
	for _, a := range n.attrs {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// all lists the children of one name.
func (n *node) all(name string) []*node {
	var out []*node
	for _, c := range n.children {
		if c.name == name {
			out = append(out, c)
		}
	}
	return out
}

// under lists the grandchildren below children of one name, as rules/rule.
func (n *node) under(name, of string) []*node {
	var out []*node
	for _, c := range n.all(name) {
		out = append(out, c.all(of)...)
	}
	return out
}

func (n *node) write(b *strings.Builder) {
	b.WriteString("<" + n.name)
	for _, a := range n.attrs {
		b.WriteString(" " + a.Name.Local + `="`)
		_ = xml.EscapeText(b, []byte(a.Value)) // a Builder never fails
		b.WriteString(`"`)
	}
	b.WriteString(">")
	if len(n.children) == 0 {
		_ = xml.EscapeText(b, []byte(n.text))
	}
	for _, c := range n.children {
		c.write(b)
	}
	b.WriteString("</" + n.name + ">")
}

func element(name, text string, children ...*node) *node {
	return &node{name: name, text: text, children: children}
}
