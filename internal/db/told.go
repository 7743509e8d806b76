package db

import (
	"errors"
	"regexp"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// Told is the text of an error as a log may have it. What PostgreSQL says can hold values of rows, and what its driver says those of
// parameters: of the former only the code and the names of what it concerns stay, of the latter nothing. SQLite names columns only.
func Told(err error) string {
	text := err.Error()
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		told := "PostgreSQL " + e.Severity + " " + e.Code
		for _, name := range []string{e.TableName, e.ColumnName, e.ConstraintName, e.DataTypeName, e.Routine} {
			if name != "" {
				told += " " + name
			}
		}
		text = strings.ReplaceAll(text, e.Error(), told)
	}
	return encoding.ReplaceAllString(text, "unable to encode a value into ")
}

// encoding is how pgx says that it cannot send a parameter. Source: pgx v5.12.0, extended_query_builder.go and pgtype.
var encoding = regexp.MustCompile(`(?s)unable to encode .* into `)
