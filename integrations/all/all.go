// Package all is the list of adapters.
package all

import (
	"github.com/oneshelf/oneshelf/integrations"
	"github.com/oneshelf/oneshelf/integrations/jd"
	"github.com/oneshelf/oneshelf/integrations/taobao"
)

// Adapters lists the marketplaces this program knows.
func Adapters() []integrations.Adapter { return []integrations.Adapter{taobao.Adapter, jd.Adapter} }
