// peer id n: what the programs in bench/ measure, done with Go.  It prints the
// figures that the operation's program names, and exits with 3 if Go has no
// such operation.  Where its own name ends in "locked", tasks that talk across
// threads are each bound to one.
package main

import (
	"bufio"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"sort"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

type bench struct {
	run  func(n int) []float64
	cold bool
	free bool // worth a run where tasks are not bound to threads
	lock bool // where they are
}

var locked bool

var began = time.Now()

func cpunow() float64 {
	var r syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &r)
	return float64(r.Utime.Nano() + r.Stime.Nano())
}

func wallnow() float64 {
	return float64(time.Since(began).Nanoseconds())
}

func onthread() {
	if locked {
		runtime.LockOSThread()
	}
}

func ncpu() int {
	if n := runtime.NumCPU(); n > 2 {
		return n
	}
	return 2
}

func yield(ntask int) func(int) []float64 {
	return func(n int) []float64 {
		runtime.GOMAXPROCS(1)
		var wg sync.WaitGroup
		nop := n/ntask + 1
		t := cpunow()
		for i := 0; i < ntask; i++ {
			wg.Add(1)
			go func() {
				for i := 0; i < nop; i++ {
					runtime.Gosched()
				}
				wg.Done()
			}()
		}
		wg.Wait()
		return []float64{(cpunow() - t) / float64(nop*ntask)}
	}
}

func pingpong(nproc int, now func() float64) func(int) []float64 {
	return func(n int) []float64 {
		runtime.GOMAXPROCS(nproc)
		var wg sync.WaitGroup
		nop := n/2 + 1
		c1 := make(chan uintptr)
		c2 := make(chan uintptr)
		wg.Add(2)
		t := now()
		go func() {
			onthread()
			for i := 0; i < nop; i++ {
				c1 <- 0
				<-c2
			}
			wg.Done()
		}()
		go func() {
			onthread()
			for i := 0; i < nop; i++ {
				<-c1
				c2 <- 0
			}
			wg.Done()
		}()
		wg.Wait()
		return []float64{(now() - t) / float64(2*nop)}
	}
}

func buffered(nproc, npair int, now func() float64) func(int) []float64 {
	return func(n int) []float64 {
		runtime.GOMAXPROCS(nproc)
		var wg sync.WaitGroup
		nop := n/npair + 1
		c := make(chan uintptr, 128)
		t := now()
		for i := 0; i < npair; i++ {
			wg.Add(2)
			go func() {
				onthread()
				for i := 0; i < nop; i++ {
					c <- 0
				}
				wg.Done()
			}()
			go func() {
				onthread()
				for i := 0; i < nop; i++ {
					<-c
				}
				wg.Done()
			}()
		}
		wg.Wait()
		return []float64{(now() - t) / float64(nop*npair)}
	}
}

func alt(nchan int, alter func([]chan uintptr, chan uintptr, int)) func(int) []float64 {
	return func(n int) []float64 {
		runtime.GOMAXPROCS(1)
		c := make([]chan uintptr, nchan)
		for i := range c {
			c[i] = make(chan uintptr)
		}
		reply := make(chan uintptr)
		t := cpunow()
		go alter(c, reply, n)
		for i := 0; i < n; i++ {
			c[i%nchan] <- 0
			<-reply
		}
		return []float64{(cpunow() - t) / float64(n)}
	}
}

func alt2(c []chan uintptr, reply chan uintptr, n int) {
	for i := 0; i < n; i++ {
		select {
		case <-c[0]:
		case <-c[1]:
		}
		reply <- 0
	}
}

func alt8(c []chan uintptr, reply chan uintptr, n int) {
	for i := 0; i < n; i++ {
		select {
		case <-c[0]:
		case <-c[1]:
		case <-c[2]:
		case <-c[3]:
		case <-c[4]:
		case <-c[5]:
		case <-c[6]:
		case <-c[7]:
		}
		reply <- 0
	}
}

func alt64(c []chan uintptr, reply chan uintptr, n int) {
	for i := 0; i < n; i++ {
		select {
		case <-c[0]:
		case <-c[1]:
		case <-c[2]:
		case <-c[3]:
		case <-c[4]:
		case <-c[5]:
		case <-c[6]:
		case <-c[7]:
		case <-c[8]:
		case <-c[9]:
		case <-c[10]:
		case <-c[11]:
		case <-c[12]:
		case <-c[13]:
		case <-c[14]:
		case <-c[15]:
		case <-c[16]:
		case <-c[17]:
		case <-c[18]:
		case <-c[19]:
		case <-c[20]:
		case <-c[21]:
		case <-c[22]:
		case <-c[23]:
		case <-c[24]:
		case <-c[25]:
		case <-c[26]:
		case <-c[27]:
		case <-c[28]:
		case <-c[29]:
		case <-c[30]:
		case <-c[31]:
		case <-c[32]:
		case <-c[33]:
		case <-c[34]:
		case <-c[35]:
		case <-c[36]:
		case <-c[37]:
		case <-c[38]:
		case <-c[39]:
		case <-c[40]:
		case <-c[41]:
		case <-c[42]:
		case <-c[43]:
		case <-c[44]:
		case <-c[45]:
		case <-c[46]:
		case <-c[47]:
		case <-c[48]:
		case <-c[49]:
		case <-c[50]:
		case <-c[51]:
		case <-c[52]:
		case <-c[53]:
		case <-c[54]:
		case <-c[55]:
		case <-c[56]:
		case <-c[57]:
		case <-c[58]:
		case <-c[59]:
		case <-c[60]:
		case <-c[61]:
		case <-c[62]:
		case <-c[63]:
		}
		reply <- 0
	}
}

func empty() {}

func create(n int) []float64 {
	runtime.GOMAXPROCS(1)
	t := cpunow()
	for i := 0; i < n; i++ {
		go empty()
		runtime.Gosched()
	}
	return []float64{(cpunow() - t) / float64(n)}
}

// of /proc/self/status, in bytes
func procstatus(key string) float64 {
	f, err := os.Open("/proc/self/status")
	if err != nil {
		panic(err)
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		w := strings.Fields(s.Text())
		if w[0] == key+":" {
			kb, _ := strconv.ParseFloat(w[1], 64)
			return kb * 1024
		}
	}
	return 0
}

func million(n int) []float64 {
	runtime.GOMAXPROCS(1)
	var nparked, nended int
	c := make(chan uintptr)
	rss, pte, t := procstatus("VmRSS"), procstatus("VmPTE"), cpunow()
	for i := 0; i < n; i++ {
		go func() {
			nparked++
			<-c
			nended++
		}()
		runtime.Gosched()
	}
	for nparked < n {
		runtime.Gosched()
	}
	t = cpunow() - t
	v := []float64{t / 1e3, procstatus("VmRSS") - rss, procstatus("VmPTE") - pte, 0}
	close(c)
	for nended < n {
		runtime.Gosched()
	}
	debug.FreeOSMemory()
	v[3] = procstatus("VmRSS") - rss
	for i := range v {
		v[i] /= float64(n)
	}
	return v
}

func sleepers(n int) []float64 {
	runtime.GOMAXPROCS(1)
	var wg sync.WaitGroup
	late := make([]float64, n)
	seed := uint64(1)
	t := cpunow()
	for i := 0; i < n; i++ {
		seed = seed*6364136223846793005 + 1442695040888963407
		d := time.Duration((seed >> 33) % 1000000000)
		wg.Add(1)
		go func(p *float64) {
			t := wallnow()
			time.Sleep(d)
			*p = wallnow() - t - float64(d)
			wg.Done()
		}(&late[i])
	}
	wg.Wait()
	t = cpunow() - t
	sort.Float64s(late)
	return []float64{t / 1e6, late[n/2] / 1e6, late[n*99/100] / 1e6}
}

func sieve(n int) []float64 {
	runtime.GOMAXPROCS(1)
	enough := false
	t := cpunow()
	c := make(chan uintptr)
	go func(c chan uintptr) {
		for i := uintptr(2); !enough; i++ {
			c <- i
		}
		c <- 0
	}(c)
	for i := 0; i < n; i++ {
		prime := <-c
		out := make(chan uintptr)
		go func(c, out chan uintptr) {
			for {
				i := <-c
				if i == 0 || i%prime != 0 {
					out <- i
				}
				if i == 0 {
					return
				}
			}
		}(c, out)
		c = out
	}
	enough = true
	for <-c != 0 {
	}
	return []float64{(cpunow() - t) / 1e6}
}

func pairs(nproc int) func(int) []float64 {
	return func(n int) []float64 {
		const npair = 1000
		runtime.GOMAXPROCS(nproc)
		var wg sync.WaitGroup
		nop := n/npair + 1
		t := wallnow()
		for i := 0; i < npair; i++ {
			c := make(chan uintptr)
			wg.Add(1)
			go func() {
				for i := 0; i < nop; i++ {
					c <- 0
				}
			}()
			go func() {
				for i := 0; i < nop; i++ {
					<-c
				}
				wg.Done()
			}()
		}
		wg.Wait()
		return []float64{(wallnow() - t) / float64(nop*npair)}
	}
}

// a system call in a goroutine that has a thread of its own
func iocall(n int) []float64 {
	runtime.GOMAXPROCS(ncpu())
	call := make(chan uintptr)
	ret := make(chan uintptr)
	go func() {
		onthread()
		for range call {
			ret <- uintptr(syscall.Getppid())
		}
	}()
	t := wallnow()
	for i := 0; i < n; i++ {
		call <- 0
		<-ret
	}
	t = wallnow() - t
	close(call)
	return []float64{t / 1e3 / float64(n)}
}

func main() {
	benches := map[string]bench{
		"yield2":     {run: yield(2), free: true},
		"yield1000":  {run: yield(1000), free: true},
		"chan0":      {run: pingpong(1, cpunow), free: true},
		"chan128":    {run: buffered(1, 1, cpunow), free: true},
		"xproc0":     {run: pingpong(ncpu(), wallnow), free: true, lock: true},
		"xproc0one":  {run: pingpong(ncpu(), wallnow), free: true, lock: true},
		"xproc128x1": {run: buffered(ncpu(), 1, wallnow), free: true, lock: true},
		"xproc128x4": {run: buffered(ncpu(), 4, wallnow), free: true, lock: true},
		"alt2":       {run: alt(2, alt2), free: true},
		"alt8":       {run: alt(8, alt8), free: true},
		"alt64":      {run: alt(64, alt64), free: true},
		"create":     {run: create, free: true},
		"million":    {run: million, cold: true, free: true},
		"sleepers":   {run: sleepers, cold: true, free: true},
		"iocall":     {run: iocall, lock: true},
		"iocallone":  {run: iocall, lock: true},
		"sieve":      {run: sieve, cold: true, free: true},
		"procs1":     {run: pairs(1), free: true},
		"procs2":     {run: pairs(2), free: true},
		"procs4":     {run: pairs(4), free: true},
		"procs8":     {run: pairs(8), free: true},
	}
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: peer id n")
		os.Exit(2)
	}
	locked = strings.HasSuffix(os.Args[0], "locked")
	b, ok := benches[os.Args[1]]
	if !ok || locked && !b.lock || !locked && !b.free {
		os.Exit(3)
	}
	n, err := strconv.Atoi(os.Args[2])
	if err != nil || n < 1 {
		os.Exit(2)
	}
	if !b.cold {
		b.run(n/10 + 1)
	}
	for _, v := range b.run(n) {
		fmt.Printf("%.6g\n", v)
	}
}
