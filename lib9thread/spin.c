#include "impl.h"

void
l9spinslow(Spin *l)
{
	int i;

	for(i = 0;; i++){
		l9spinpause(i);
		/* look before trying: a try takes the line from the holder */
		if(ldrlx(&l->held) == 0 && xchgacq(&l->held, 1) == 0)
			return;
	}
}
