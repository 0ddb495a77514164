/* looks inside the library: channels that are a proc's own */
#include "chan.h"

void	own(Channel*);

/* what Nown uses in a row do */
void
own(Channel *c)
{
	Proc *p;
	bool is;

	p = l9proc;
	is = l9chanbegin(c, p);
	if(!is)
		l9chanown(c, p);
	l9chanend(c, p, is);
}
