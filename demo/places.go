package demo

import (
	"hash/fnv"
	"math/rand/v2"
	"strings"

	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/commerce/stock"
)

// Locations are the demo brand's warehouses and stores. The cities are real, the addresses are not.
func Locations() []stock.LocationInput {
	return []stock.LocationInput{
		place("WH-HZ", "杭州仓 Hangzhou Warehouse", "WAREHOUSE", "OWN", 10, 30.3130, 120.3510, "浙江省", "杭州市", "临平区", "示例物流路 1 号 Example Logistics Road 1"),
		place("WH-GZ", "广州仓 Guangzhou Warehouse", "WAREHOUSE", "OWN", 20, 23.1690, 113.4440, "广东省", "广州市", "黄埔区", "示例仓储路 2 号 Example Depot Road 2"),
		place("ST-HZ", "杭州湖滨店 Hangzhou Lakeside", "STORE", "OWN", 50, 30.2540, 120.1620, "浙江省", "杭州市", "上城区", "示例湖滨街 3 号 Example Lakeside Street 3"),
		place("ST-SH", "上海旗舰店 Shanghai Flagship", "STORE", "OWN", 50, 31.2290, 121.4540, "上海市", "上海市", "静安区", "示例旗舰路 4 号 Example Flagship Road 4"),
		place("ST-BJ", "北京东四店 Beijing Dongsi", "STORE", "OWN", 60, 39.9290, 116.4170, "北京市", "北京市", "东城区", "示例胡同 5 号 Example Hutong 5"),
		place("ST-CD", "成都锦江店 Chengdu Jinjiang", "STORE", "OWN", 60, 30.6570, 104.0810, "四川省", "成都市", "锦江区", "示例锦江路 6 号 Example Jinjiang Road 6"),
		place("FR-XA", "西安加盟店 Xi'an Franchise", "STORE", "FRANCHISE", 80, 34.2610, 108.9470, "陕西省", "西安市", "碑林区", "示例城墙路 7 号 Example Rampart Road 7"),
		place("CT-NJ", "南京联营专柜 Nanjing Counter", "COUNTER", "JOINT_VENTURE", 90, 32.0440, 118.7830, "江苏省", "南京市", "秦淮区", "示例百货二层 8 号 Example Department Store 2F-8"),
	}
}

func place(code, name, kind, ownership string, priority int, latitude, longitude float64, province, city, district, line string) stock.LocationInput {
	return stock.LocationInput{
		Code: commerce.Some(code), Name: commerce.Some(name), Kind: commerce.Some(kind), Ownership: commerce.Some(ownership),
		Pickup: commerce.Some(kind != "WAREHOUSE"), ShipFrom: commerce.Some(true), Priority: commerce.Some(priority),
		Point:        commerce.Some(commerce.Point{Latitude: latitude, Longitude: longitude}),
		ExternalRefs: commerce.Some([]commerce.Reference{{System: system, Value: code}}),
		Address: commerce.Some(commerce.Address{
			Recipient: name, Phone: "+86 100 0000 0000", Country: "CN", Province: province, City: city, District: district, Line1: line,
		}),
	}
}

// opening is what a place has of a variant in the beginning: the same whenever it is asked. Warehouses are deep; a store carries about
// half of the styles, a few of each, and lacks a colour or a size here and there.
func opening(location, sku string) int64 {
	chance := dice(location, sku)
	switch location {
	case "WH-HZ":
		if chance.IntN(100) < 4 {
			return 0
		}
		return 30 + chance.Int64N(90)
	case "WH-GZ":
		if chance.IntN(100) < 25 {
			return 0
		}
		return 12 + chance.Int64N(60)
	}
	style, _, _ := strings.Cut(strings.TrimPrefix(sku, "HZL-"), "-")
	if dice(location, style).IntN(100) < 55 || chance.IntN(100) < 25 {
		return 0
	}
	return 1 + chance.Int64N(8)
}

// dice falls the same way for the same words.
func dice(words ...string) *rand.Rand {
	h := fnv.New64a()
	for _, w := range words {
		h.Write([]byte(w + "\x00"))
	}
	return rand.New(rand.NewPCG(h.Sum64(), 20))
}
