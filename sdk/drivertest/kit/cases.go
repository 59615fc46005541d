package kit

import "slices"

// makeCases makes every case from what was learnt.
func (k *Kit) makeCases() {
	all := wrongs(k.subject.Edits)
	var met []address
	for _, p := range plays() {
		if why := k.absent[p.name]; why != "" {
			k.add(Case{Name: "fault/" + p.name, Why: why})
			continue
		}
		for _, at := range k.seen[p.name] {
			switch {
			case !slices.Contains(met, at):
				k.addFaults(p, at, all)
			case p.after == "":
				k.addFaults(p, at, worst(all))
			}
		}
		met = append(met, k.seen[p.name]...)
	}
	for _, p := range plays() {
		name := "fair/" + p.name
		if p.after != "" {
			name = "lost/" + p.after
		}
		why := k.absent[p.name]
		k.add(Case{Name: name, Why: why, inactive: p.needs.signed, prelude: k.first(p.after), run: p.run})
	}
	for _, list := range [][]play{repeats(), customers(), baskets(), restarts(), bounds(), togethers()} {
		for _, p := range list {
			k.add(Case{Name: p.name, Why: k.lacks(p.needs), pace: p.needs.pace, inactive: p.needs.signed, run: p.run})
		}
	}
}

// isGeneral says of an address that it speaks of no single operation.
func (k *Kit) isGeneral(at address) bool { return slices.Contains(k.general, at) }

func (k *Kit) add(c Case) { k.cases = append(k.cases, c) }

// addFaults adds a case for each fault of one address of a play.
func (k *Kit) addFaults(p play, at address, list []wrong) {
	general := k.isGeneral(at) || p.name == "test" && slices.Contains(k.probed, at)
	for _, x := range list {
		c := Case{Name: "fault/" + p.name + "/" + at.String() + "/" + x.name, inactive: p.needs.signed, prelude: k.first(p.after), run: p.run,
			fault: &trouble{at: []address{at}, fault: x.fault, general: general, lasting: x.lasting}}
		if x.lasting && (general || p.needs.signed || p.name == "test") {
			continue // what ends before money moves is not waited for
		}
		if x.lasting { // every way to the truth is spoiled
			c.pace = Silent
			c.fault.at = k.every()
		}
		k.add(c)
	}
}

// every address that speaks of an operation about money.
func (k *Kit) every() []address {
	var list []address
	for _, p := range plays() {
		for _, at := range k.seen[p.name] {
			if !p.needs.signed && !slices.Contains(k.general, at) && !slices.Contains(list, at) {
				list = append(list, at)
			}
		}
	}
	return list
}
