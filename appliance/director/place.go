package director

import (
	"os"

	"golang.org/x/sys/unix"

	"cleat/appliance/place"
	"cleat/conf"
)

// place chooses the workers' CPUs.
func (d *Director) place(c *conf.Config) error {
	var allowed unix.CPUSet
	if err := unix.SchedGetaffinity(0, &allowed); err != nil {
		return fail(ExitOther, err, "the CPUs of this process")
	}
	var cpus []int
	for cpu := range 1024 {
		if allowed.IsSet(cpu) {
			cpus = append(cpus, cpu)
		}
	}
	sys := os.DirFS("/sys")
	wish := place.Wish{Lcores: c.Workers.Lcores, Count: c.Workers.Count}
	for i := range c.Ports {
		iface, _ := interfaceOf(c.Ports[i].Vdev)
		wish.Sockets = append(wish.Sockets, place.SocketOf(sys, c.Ports[i].Device, iface))
	}
	var err error
	if d.Place, err = place.Read(sys, cpus).Place(wish); err != nil {
		return fail(ExitEAL, err, "workers")
	}
	d.log.Info("workers", "cpus", d.Place.Workers, "sockets", d.Place.Sockets, "ports' sockets", wish.Sockets, "management", d.Place.Main)
	for _, w := range d.Place.Warnings {
		d.log.Warn(w)
	}
	return nil
}
