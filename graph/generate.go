// Package graph hears and answers GraphQL: it turns inputs into use cases' words, use cases' answers and errors into payloads, and
// decides nothing. Resolvers stand in <noun>.resolvers.go; generated/ and the model's models_gen.go are generated.
package graph

//go:generate sh -c "cd .. && go tool gqlgen generate --config gqlgen.yml"
