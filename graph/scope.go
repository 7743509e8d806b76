package graph

import (
	"context"

	"github.com/99designs/gqlgen/graphql"

	"github.com/oneshelf/oneshelf/auth"
)

// HasScope is the directive of the same name: without the scope the field is null and FORBIDDEN names it. Use cases check again.
func HasScope(ctx context.Context, _ any, next graphql.Resolver, scope string) (any, error) {
	if err := auth.Need(ctx, auth.Scope(scope)); err != nil {
		return nil, err
	}
	return next(ctx)
}

func can(ctx context.Context, s auth.Scope) bool { return auth.From(ctx).Can(s) }
