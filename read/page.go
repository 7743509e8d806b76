package read

import (
	"strings"

	"entgo.io/ent/dialect/sql"

	"github.com/oneshelf/oneshelf/auth"
	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/ent/rule"
	"github.com/oneshelf/oneshelf/internal/db"
	"github.com/oneshelf/oneshelf/internal/keyset"
)

// Page puts a page's condition, order and limit onto a statement.
func Page(p keyset.Page) func(*sql.Selector) {
	return func(s *sql.Selector) {
		if p.Where != "" {
			s.Where(expression(p.Where, p.Args))
		}
		s.OrderExpr(sql.Raw(p.By))
		s.Limit(p.Limit)
	}
}

// Children are lists that hang on rows, of which a page each is read for many rows at once.
type Children struct {
	Table  string
	Parent string // the column that names the row
	Narrow rule.Narrowing
}

// OrdersOfMember are the orders of members.
var OrdersOfMember = Children{"orders", "member_id", rule.Order}

// Page keeps a statement to the rows that belong to a page of each parent: numbered within the parent, in the page's order, among
// those the viewer sees.
func (c Children) Page(v *auth.Viewer, parents []commerce.UUID, p keyset.Page) func(*sql.Selector) {
	return func(s *sql.Selector) {
		ranked, args := c.ranked("id", v, parents, p)
		s.Where(expression(s.C("id")+" IN (SELECT ranked.id FROM ("+ranked+") ranked WHERE ranked.place <= ?)", append(args, p.Limit)))
		s.OrderExpr(sql.Raw(p.By))
	}
}

// ranked selects columns of the rows on parents that the viewer sees, and their place among those of the same parent.
func (c Children) ranked(columns string, v *auth.Viewer, parents []commerce.UUID, p keyset.Page) (string, []any) {
	where, args := rule.Where(c.Narrow, v, c.Table)
	in, ids := db.In(c.Table+"."+c.Parent, parents)
	where, args = where+" AND "+in, append(args, ids...)
	if p.Where != "" {
		where, args = where+" AND "+p.Where, append(args, p.Args...)
	}
	return "SELECT " + columns + ", ROW_NUMBER() OVER (PARTITION BY " + c.Parent + " ORDER BY " + p.By + ") AS place FROM " + c.Table + " WHERE " + where, args
}

// expression is a condition written with ? for its arguments.
func expression(text string, args []any) *sql.Predicate {
	return sql.P(func(b *sql.Builder) {
		for i, part := range strings.Split(text, "?") {
			if i > 0 {
				b.Arg(args[i-1])
			}
			b.WriteString(part)
		}
	})
}
