// Command print says which version it was built as.
package main

import (
	"fmt"

	"github.com/oneshelf/oneshelf/internal/version"
)

func main() { fmt.Println(version.String()) }
